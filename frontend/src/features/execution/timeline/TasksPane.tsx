import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { TaskSteps } from "@/entities/taskRun/TaskSteps";

type Props = { record: ExecutionRecord; selected: TaskRunRow | undefined; actions: Actions };

/** The tasks as a timeline or as a graph, and the scrubber below. */
export function TasksPane({ record }: Props) {
  return <TaskSteps tasks={[...record.taskRuns.values()]} />;
}
