import { Tabs } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type ComponentType, Suspense } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { TaskMenu } from "@/entities/taskRun/TaskMenu";
import { Count } from "@/shared/ui/Count";
import { lazily } from "@/shared/ui/lazily";
import type { LogsProps } from "../ExecutionPage";
import { showing } from "../taskViews";
import { useSelection } from "../useSelection";
import { AttemptToggles } from "./AttemptToggles";
import { Breadcrumb } from "./Breadcrumb";
import classes from "./Inspector.module.css";
import { TabWaiting } from "./TabWaiting";
import { TaskFacts } from "./TaskFacts";
import { approvalsOf, countOf, TABS, type Tab, type TabProps, tabsOf } from "./tabs";
import { useChosenInSight } from "./useChosenInSight";
import { useShownTab } from "./useShownTab";

type Props = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  actions: Actions;
  Logs: ComponentType<LogsProps>;
};

const TAB_CONTENT: Record<Exclude<Tab, "logs">, ComponentType<TabProps>> = {
  overview: lazily(() => import("./overview/OverviewTab").then((found) => found.OverviewTab)),
  outputs: lazily(() => import("./outputs/OutputsTab").then((found) => found.OutputsTab)),
  metrics: lazily(() => import("../metrics/MetricsTab").then((found) => found.MetricsTab)),
  artifacts: lazily(() => import("./artifacts/ArtifactsTab").then((found) => found.ArtifactsTab)),
  lineage: lazily(() => import("./lineage/LineageTab").then((found) => found.LineageTab)),
  dependencies: lazily(() => import("./dependencies/DependenciesTab").then((found) => found.DependenciesTab)),
  events: lazily(() => import("../events/EventsTab").then((found) => found.EventsTab)),
  source: lazily(() => import("./source/SourceTab").then((found) => found.SourceTab)),
  approvals: lazily(() => import("./approvals/ApprovalsTab").then((found) => found.ApprovalsTab)),
};
/** Tabs that scroll by themselves; with the others, their pane scrolls. */
const OWN_SCROLL: ReadonlySet<Tab> = new Set<Tab>(["logs", "events", "source", "lineage"]);

/** The details of the selection, in tabs. */
export function Inspector({ record, taskRun, actions, Logs }: Props) {
  const { select, attempt: chosen, tab: wanted, at } = useSelection();
  const tab = useShownTab({ record, taskRun }, wanted);
  const attempt = taskRun?.attempts.some((one) => one.number === chosen) ? chosen : undefined;
  const leave = () => select({ task: "", attempt: undefined });
  const list = useChosenInSight(`${tab} ${taskRun?.id}`);
  const Content = tab === "logs" ? undefined : TAB_CONTENT[tab];
  return (
    <section className={classes.inspector} aria-label="Inspector">
      <header className={classes.bar}>
        <Breadcrumb
          name={record.head.name}
          taskRun={taskRun}
          onSelect={(task) => select({ task, attempt: undefined })}
        />
        {taskRun && <AttemptToggles taskRun={taskRun} attempt={attempt} />}
        <span className={classes.grow} />
        {taskRun && <TaskFacts taskRun={taskRun} attempt={attempt} />}
        {taskRun && (
          <TaskMenu
            task={taskRun}
            execution={record.head}
            actions={actions}
            onShow={(view) => {
              const { tab: shown, hash } = showing(view);
              select({ tab: shown }, { hash });
            }}
          />
        )}
        {taskRun && (
          <button
            type="button"
            className={classes.close}
            aria-label="Back to the whole execution"
            onClick={leave}
          >
            <IconX size={16} stroke={1.75} aria-hidden />
          </button>
        )}
      </header>
      <Tabs
        value={tab}
        onChange={(next) => next && select({ tab: next })}
        activateTabWithKeyboard={false}
        keepMounted={false}
        classNames={{ root: classes.tabs, list: classes.list, tab: classes.tab, panel: classes.panel }}
      >
        <Tabs.List ref={list} aria-label={`Tabs of ${taskRun?.key ?? record.head.name}`}>
          {tabsOf({ record, taskRun }).map((one) => (
            <Tabs.Tab key={one} value={one}>
              <TabName tab={one} record={record} taskRun={taskRun} />
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabsOf({ record, taskRun }).map((one) => (
          <Tabs.Panel
            key={one}
            value={one}
            tabIndex={0}
            data-own-scroll={OWN_SCROLL.has(one) ? one : undefined}
          >
            {one === tab && (
              <Suspense fallback={<TabWaiting />}>
                {Content ? (
                  <Content record={record} taskRun={taskRun} attempt={attempt} actions={actions} at={at} />
                ) : (
                  <Logs record={record} taskRun={taskRun} attempt={attempt} />
                )}
              </Suspense>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}

function TabName({ tab, record, taskRun }: { tab: Tab } & Pick<Props, "record" | "taskRun">) {
  const value = countOf(tab, { record, taskRun });
  const asks = tab === "approvals" && approvalsOf({ record, taskRun }).some((one) => one.state === "PENDING");
  return (
    <span className={classes.name}>
      {TABS[tab]}
      <Count count={{ value, exact: true }} of="" {...(asks && { tone: "ask" as const })} />
    </span>
  );
}
