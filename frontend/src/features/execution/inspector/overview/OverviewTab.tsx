import type { TabProps } from "../tabs";
import { ExecutionOverview } from "./ExecutionOverview";
import { TaskOverview } from "./TaskOverview";

export function OverviewTab({ record, taskRun, attempt, actions }: TabProps) {
  return taskRun ? (
    <TaskOverview key={taskRun.id} record={record} taskRun={taskRun} attempt={attempt} />
  ) : (
    <ExecutionOverview record={record} actions={actions} />
  );
}
