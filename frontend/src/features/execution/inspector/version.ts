import type { ExecutionRecord } from "@/entities/execution/record";
import type { EventType } from "@/shared/graphql/gen/graphql";

/**
 * The seq of the last event of these types: what is read by a query of its own is read anew when it grows. With a task
 * run only the events about that one count.
 */
export function lastOf(
  { events }: Pick<ExecutionRecord, "events">,
  types: ReadonlySet<EventType>,
  taskRunId?: string,
): number {
  const last = events.findLast(
    (event) => types.has(event.type) && (!taskRunId || event.taskRun?.id === taskRunId),
  );
  return last?.seq ?? 0;
}

export const GIVES_OUTPUTS: ReadonlySet<EventType> = new Set<EventType>([
  "OUTPUTS_SET",
  "ATTEMPT_ENDED",
  "TASK_RUN_RECORDED",
  "TASK_RUN_STATE_CHANGED",
  "EXECUTION_STATE_CHANGED",
]);

export const TELLS: ReadonlySet<EventType> = new Set<EventType>([
  "EXECUTION_STATE_CHANGED",
  "PROPERTIES_SET",
  "OUTPUTS_SET",
  "TASK_RUN_RECORDED",
  "FAILURE_RECORDED",
]);

export const TELLS_OF_TASK: ReadonlySet<EventType> = new Set<EventType>([
  ...GIVES_OUTPUTS,
  "ATTEMPT_STARTED",
  "PROPERTIES_SET",
  "PROGRESS_REPORTED",
  "APPROVAL_REQUESTED",
  "APPROVAL_VOTED",
  "APPROVAL_CLOSED",
  "CHILD_LINKED",
  "CHILD_STATE_CHANGED",
  "SIGNAL_RECEIVED",
]);
