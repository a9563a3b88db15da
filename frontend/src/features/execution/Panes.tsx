import type { ComponentType, CSSProperties, ReactNode } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { isEnded } from "@/shared/ui/stateTokens";
import { Divider } from "./Divider";
import type { LogsProps } from "./ExecutionPage";
import classes from "./ExecutionPage.module.css";
import { Inspector } from "./inspector/Inspector";
import { usePanes } from "./panes";
import { TasksPane } from "./timeline/TasksPane";
import { useSelection } from "./useSelection";

type Props = {
  record: ExecutionRecord;
  /** The record as it is now, whatever moment is shown. */
  live: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  actions: Actions;
  Logs: ComponentType<LogsProps>;
  /** Content after the inspector, where the panes are below each other. */
  below: ReactNode;
  /** Which pane comes first where there is room for one only. */
  first: "inspector" | "tasks";
};

/** The tasks next to the inspector of the selection; on a phone below each other. */
export function Panes({ record, live, taskRun, actions, Logs, below, first }: Props) {
  const { view = "timeline" } = useSelection();
  const { [view]: share, wide } = usePanes();
  const none = whyNoTasks(live);
  const room = { "--share": `${share}fr`, "--rest": `${1 - share}fr` } as CSSProperties;
  return (
    <div
      className={classes.panes}
      data-first={first}
      data-wide={(wide && !none) || undefined}
      data-none={none ? true : undefined}
      style={room}
    >
      <div className={classes.tasks} data-pane="tasks">
        <TasksPane record={record} selected={taskRun} actions={actions} none={none} />
      </div>
      {!none && <Divider view={view} />}
      <div className={classes.inspector} data-pane="inspector">
        <Inspector record={record} taskRun={taskRun} actions={actions} Logs={Logs} />
      </div>
      {below}
    </div>
  );
}

/** Why there are and will be no tasks; null when there are some, or may be. */
function whyNoTasks({ head, taskRuns }: ExecutionRecord): string | null {
  if (taskRuns.size) return null;
  if (head.origin === "EXTERNAL") return "This execution ran elsewhere, and no tasks were recorded.";
  return isEnded(head.state) ? "This execution ended before any task was planned." : null;
}
