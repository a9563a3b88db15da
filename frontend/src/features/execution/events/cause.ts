import type { ExecutionRecord } from "@/entities/execution/record";
import { readError } from "@/shared/lib/traceback";
import { type Event, isFailure } from "./events";

/**
 * The first line of the error behind a failure, from the record: the attempt's, the task's, or the execution's own.
 * A state of the whole execution that a task's failure caused does not repeat the cause.
 */
export function causeOf(
  event: Event,
  { taskRuns, head }: Pick<ExecutionRecord, "taskRuns" | "head">,
): string | null {
  if (!isFailure(event)) return null;
  if (!event.taskRun) return event.type === "FAILURE_RECORDED" ? firstLine(head.failure?.message) : null;
  const task = taskRuns.get(event.taskRun.id);
  const attempt = task?.attempts.find((one) => one.number === event.attempt);
  return firstLine((attempt ?? task)?.error?.message);
}

function firstLine(message: string | undefined): string | null {
  return message ? (readError(message).sentence.split("\n")[0] ?? null) : null;
}
