import type { TaskRunRow } from "@/entities/execution/record";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import type { StateToken } from "@/shared/ui/stateTokens";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";

/** How a task run stands, coarsely: what the counts above the timeline filter by. */
export type Standing = "waiting" | "running" | "failed" | "done" | "notRun";

export const STANDINGS: readonly { standing: Standing; word: string }[] = [
  { standing: "waiting", word: "Waiting" },
  { standing: "running", word: "Running" },
  { standing: "failed", word: "Failed" },
  { standing: "done", word: "Done" },
  { standing: "notRun", word: "Not run" },
];

const OF_STATE: Record<TaskRunState, Standing> = {
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

type Standable = Pick<TaskRunRow, "state" | "startedAt">;

/** `over`: the execution has ended, so that what has not started never will. */
export function standingOf(task: Standable, over: boolean): Standing {
  if (task.state === "CREATED" && over) return "notRun";
  if (task.state === "CANCELLED" && task.startedAt) return "done";
  return OF_STATE[task.state];
}

export function countStandings(tasks: Iterable<Standable>, over: boolean): Record<Standing, number> {
  const counts = { waiting: 0, running: 0, failed: 0, done: 0, notRun: 0 };
  for (const task of tasks) counts[standingOf(task, over)] += 1;
  return counts;
}

const NOT_RUN: StateToken = { word: "Not run", shape: "dotted", tone: "calm" };

/** What never ran is quiet, whatever the reason. */
export function tokenOf(task: Standable, over: boolean): StateToken {
  return standingOf(task, over) === "notRun" ? NOT_RUN : STATE_TOKENS[task.state];
}

const PINNED: ReadonlySet<TaskRunState> = new Set(["FAILED", "ERROR", "REJECTED", "WAITING_FOR_APPROVAL"]);

/** Whether somebody has to look at it: it failed, or waits for a person. */
export function isPressing(state: TaskRunState): boolean {
  return PINNED.has(state);
}

const CONCERN: readonly Standing[] = ["failed", "running", "waiting", "done", "notRun"];

/** Counts by state, what failed first, then what runs. */
export function inOrderOfConcern<Counted extends { state: TaskRunState }>(
  counts: readonly Counted[],
): Counted[] {
  return counts.toSorted(
    (one, other) => CONCERN.indexOf(OF_STATE[one.state]) - CONCERN.indexOf(OF_STATE[other.state]),
  );
}
