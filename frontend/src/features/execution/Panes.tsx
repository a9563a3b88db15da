import type { ComponentType, CSSProperties } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { Divider } from "./Divider";
import type { LogsProps } from "./ExecutionPage";
import classes from "./ExecutionPage.module.css";
import { Inspector } from "./inspector/Inspector";
import { usePanes } from "./panes";
import { TasksPane } from "./timeline/TasksPane";

type Props = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  actions: Actions;
  Logs: ComponentType<LogsProps>;
  /** Which of them comes first where there is room for one only. */
  first: "inspector" | "tasks";
};

/** The tasks beside what is selected of them; on a phone one below the other. */
export function Panes({ record, taskRun, actions, Logs, first }: Props) {
  const { share, wide } = usePanes();
  const room = { "--share": `${share}fr`, "--rest": `${1 - share}fr` } as CSSProperties;
  return (
    <div className={classes.panes} data-first={first} data-wide={wide || undefined} style={room}>
      <div className={classes.tasks} data-pane="tasks">
        <TasksPane record={record} selected={taskRun} actions={actions} />
      </div>
      <Divider />
      <div className={classes.inspector} data-pane="inspector">
        <Inspector record={record} taskRun={taskRun} actions={actions} Logs={Logs} />
      </div>
    </div>
  );
}
