import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { belongsTo } from "@/entities/taskRun/levels";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";

export const TABS = {
  logs: "Logs",
  overview: "Overview",
  outputs: "Outputs",
  metrics: "Metrics",
  artifacts: "Artifacts",
  lineage: "Lineage",
  dependencies: "Dependencies",
  events: "Events",
  source: "Source",
  approvals: "Approvals",
} as const;
export type Tab = keyof typeof TABS;

/** The props of every tab. `attempt` is the chosen one; without it the last one. */
export type TabProps = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  attempt: number | undefined;
  actions: Actions;
  /** The seq of a moment in the past. */
  at: number | undefined;
};

type Selected = Pick<TabProps, "record" | "taskRun">;

/** States of a task in which its log is the most useful tab. */
const WRITES: ReadonlySet<TaskRunState> = new Set<TaskRunState>([
  "RUNNING",
  "RETRYING",
  "KILLING",
  "FAILED",
  "ERROR",
  "KILLED",
]);

export function defaultTab({ record, taskRun }: Selected): Tab {
  if (!taskRun) return "overview";
  if (taskRun.state === "WAITING_FOR_APPROVAL" && approvalsOf({ record, taskRun }).length) return "approvals";
  return WRITES.has(taskRun.state) && taskRun.attempts.length ? "logs" : "overview";
}

export function approvalsOf({ record, taskRun }: Selected) {
  return [...record.approvals.values()].filter((one) => belongsTo(taskRun?.key, one.taskRun.key));
}

export function artifactsOf({ record, taskRun }: Selected) {
  return [...record.artifacts.values()].filter((one) => belongsTo(taskRun?.key, one.taskKey));
}

/** The available tabs: approvals only where one was requested. */
export function tabsOf(selected: Selected): Tab[] {
  const all = Object.keys(TABS) as Tab[];
  return approvalsOf(selected).length ? all : all.filter((tab) => tab !== "approvals");
}

/** The tab of the URL if it exists, else the most likely one. */
export function shownTab(selected: Selected, wanted: string | undefined): Tab {
  return tabsOf(selected).find((tab) => tab === wanted) ?? defaultTab(selected);
}

/** The number of items in a tab, as far as the record has it. */
export function countOf(tab: Tab, selected: Selected): number {
  if (tab === "artifacts") return artifactsOf(selected).length;
  if (tab === "approvals") return approvalsOf(selected).length;
  // Events are numbered from 1 without gaps.
  if (tab === "events" && !selected.taskRun) return selected.record.seq;
  return 0;
}
