import type { TaskRunRowFragment, TaskRunState } from "@/shared/graphql/gen/graphql";
import { formatInteger } from "@/shared/lib/number";
import { isEnded } from "@/shared/ui/stateTokens";

/** A task run with its children: the iterations of a foreach, each with task runs of its own. */
export type Branch = { task: TaskRunRowFragment; iterations: readonly Iteration[] };
export type Iteration = { index: number; state: TaskRunState; branches: readonly Branch[] };
export type Count = { state: TaskRunState; count: number; words: string };

/** `each` and 3 for `each[3].load`, `a[1].b` and 2 for `a[1].b[2].c`. */
const INSIDE = /^(.*)\[(\d+)\]\.[^[\].]+$/;

/** The task runs in the server's order, those of iterations under their foreach. */
export function branchesOf(tasks: readonly TaskRunRowFragment[]): Branch[] {
  const known = new Set(tasks.map((task) => task.key));
  const inside = new Map<string, Map<number, TaskRunRowFragment[]>>();
  const outside: TaskRunRowFragment[] = [];
  for (const task of tasks) {
    const [, parent, position] = INSIDE.exec(task.key) ?? [];
    if (parent === undefined || !known.has(parent)) {
      outside.push(task);
      continue;
    }
    const index = Number(position);
    const turns = inside.get(parent) ?? new Map<number, TaskRunRowFragment[]>();
    inside.set(parent, turns);
    const turn = turns.get(index);
    if (turn) turn.push(task);
    else turns.set(index, [task]);
  }
  const branchOf = (task: TaskRunRowFragment): Branch => ({
    task,
    iterations: [...(inside.get(task.key) ?? [])]
      .sort(([one], [other]) => one - other)
      .map(([index, own]) => ({
        index,
        state: stateOf(own.map((one) => one.state)),
        branches: own.map(branchOf),
      })),
  });
  return outside.map(branchOf);
}

const FAILED: readonly TaskRunState[] = ["FAILED", "ERROR", "REJECTED", "KILLED"];
const AT_WORK: readonly TaskRunState[] = ["KILLING", "WAITING_FOR_APPROVAL", "RETRYING", "RUNNING"];
const ENDS: readonly TaskRunState[] = ["WARNING", "CANCELLED", "SUCCESS", "CACHED", "SKIPPED"];

/** The state of an iteration, from its tasks: a failure first, then a task at work, then how it ended. */
function stateOf(states: readonly TaskRunState[]): TaskRunState {
  const some = (wanted: readonly TaskRunState[]) => wanted.find((state) => states.includes(state));
  const telling = some([...FAILED, ...AT_WORK]);
  if (telling) return telling;
  if (states.every(isEnded)) return some(ENDS) ?? "SUCCESS";
  // Between two of its tasks it counts as running.
  return states.some(isEnded) ? "RUNNING" : (some(["QUEUED"]) ?? "CREATED");
}

export function hasFailed(iteration: Iteration): boolean {
  return FAILED.includes(iteration.state);
}

const WORDS: Record<TaskRunState, string> = {
  SUCCESS: "succeeded",
  CACHED: "cached",
  WARNING: "with a warning",
  FAILED: "failed",
  ERROR: "in error",
  REJECTED: "rejected",
  KILLED: "killed",
  WAITING_FOR_APPROVAL: "waiting for approval",
  RUNNING: "running",
  RETRYING: "retrying",
  KILLING: "being killed",
  QUEUED: "queued",
  CREATED: "waiting",
  SKIPPED: "skipped",
  CANCELLED: "cancelled",
};

/** "997 succeeded", "2 failed", "1 running": the counts by state, always in this order. */
export function countsOf(iterations: readonly Iteration[]): Count[] {
  const counts = new Map<TaskRunState, number>();
  for (const { state } of iterations) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (Object.keys(WORDS) as TaskRunState[]).flatMap((state) => {
    const count = counts.get(state);
    return count ? [{ state, count, words: `${formatInteger(count)} ${WORDS[state]}` }] : [];
  });
}
