import type { ComponentType } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { LogsProps } from "../ExecutionPage";
import { useSelection } from "../useSelection";

type Props = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  actions: Actions;
  Logs: ComponentType<LogsProps>;
};

/** Everything of what is selected, a tab each. */
export function Inspector({ record, taskRun, Logs }: Props) {
  const { attempt } = useSelection();
  return <Logs record={record} taskRun={taskRun} attempt={attempt} />;
}
