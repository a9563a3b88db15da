import type { TaskRunRow } from "@/entities/execution/record";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import type { StateToken } from "@/shared/ui/stateTokens";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";

/** The coarse group of a task run's state, which the counts above the timeline filter by. */
export type StateGroup = "waiting" | "running" | "failed" | "done" | "notRun";

export const STATE_GROUPS: readonly { group: StateGroup; word: string }[] = [
  { group: "waiting", word: "Waiting" },
  { group: "running", word: "Running" },
  { group: "failed", word: "Failed" },
  { group: "done", word: "Done" },
  { group: "notRun", word: "Not run" },
];

const OF_STATE: Record<TaskRunState, StateGroup> = {
  CREATED: "waiting",
  QUEUED: "waiting",
  RETRYING: "waiting",
  WAITING_FOR_APPROVAL: "waiting",
  RUNNING: "running",
  KILLING: "running",
  FAILED: "failed",
  ERROR: "failed",
  REJECTED: "failed",
  KILLED: "failed",
  SUCCESS: "done",
  WARNING: "done",
  CACHED: "done",
  SKIPPED: "done",
  CANCELLED: "notRun",
};

type Started = Pick<TaskRunRow, "state" | "startedAt">;

/** `over`: the execution has ended, so that tasks that have not started never will. */
export function stateGroupOf(task: Started, over: boolean): StateGroup {
  if (task.state === "CREATED" && over) return "notRun";
  if (task.state === "CANCELLED" && task.startedAt) return "done";
  return OF_STATE[task.state];
}

export function countStateGroups(tasks: Iterable<Started>, over: boolean): Record<StateGroup, number> {
  const counts = { waiting: 0, running: 0, failed: 0, done: 0, notRun: 0 };
  for (const task of tasks) counts[stateGroupOf(task, over)] += 1;
  return counts;
}

const NOT_RUN: StateToken = { word: "Not run", shape: "dotted", tone: "calm" };

/** The glyph of a task run; one that never ran is muted, whatever the reason. */
export function tokenOf(task: Started, over: boolean): StateToken {
  return stateGroupOf(task, over) === "notRun" ? NOT_RUN : STATE_TOKENS[task.state];
}

const PINNED: ReadonlySet<TaskRunState> = new Set(["FAILED", "ERROR", "REJECTED", "WAITING_FOR_APPROVAL"]);

/** Whether it needs attention: it failed, or waits for a person. */
export function isPressing(state: TaskRunState): boolean {
  return PINNED.has(state);
}

const CONCERN: readonly StateGroup[] = ["failed", "running", "waiting", "done", "notRun"];

/** Counts by state: failed first, then running. */
export function inOrderOfConcern<Counted extends { state: TaskRunState }>(
  counts: readonly Counted[],
): Counted[] {
  return counts.toSorted(
    (one, other) => CONCERN.indexOf(OF_STATE[one.state]) - CONCERN.indexOf(OF_STATE[other.state]),
  );
}
