import type { ExecutionRecord } from "@/entities/execution/record";
import type { EventType } from "@/shared/graphql/gen/graphql";

type Changes = Pick<ExecutionRecord, "events" | "since">;

/** As `lastOf`, for several task runs by id. */
export function lastOfEach(
  { events, since }: Changes,
  types: ReadonlySet<EventType>,
  ids: readonly string[],
): ReadonlyMap<string, number> {
  const last = new Map(ids.map((id) => [id, since]));
  for (const { type, taskRun, seq } of events) {
    if (taskRun && types.has(type) && last.has(taskRun.id)) last.set(taskRun.id, seq);
  }
  return last;
}

/**
 * The seq of the last event of these types, or of the snapshot when none came since: data with a query of its own is
 * read again when it grows. With task runs only the events of those count.
 */
export function lastOf(
  { events, since }: Changes,
  types: ReadonlySet<EventType>,
  taskRuns?: ReadonlySet<string>,
): number {
  const last = events.findLast(
    ({ type, taskRun }) => types.has(type) && (!taskRuns || (taskRun !== null && taskRuns.has(taskRun.id))),
  );
  return last?.seq ?? since;
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
