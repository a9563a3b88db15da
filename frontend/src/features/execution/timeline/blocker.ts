import type { TaskRunRow } from "@/entities/execution/record";
import { stateGroupOf } from "@/entities/taskRun/stateGroup";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import { isEnded } from "@/shared/ui/stateTokens";
import { extentOf } from "./segments";

/** `from`: when the failed or running task at the end of the chain started, in milliseconds. */
export type Blocker = { key: string; from: number | null };

const FAILED: ReadonlySet<TaskRunState> = new Set(["FAILED", "ERROR", "REJECTED", "KILLED"]);
const FARTHEST = 50;

/** The need that blocks a task: one that failed or did not run either, else the first that has not ended. */
export function blockerOf(
  task: TaskRunRow,
  byKey: ReadonlyMap<string, TaskRunRow>,
  over: boolean,
): Blocker | undefined {
  const found = needOf(task, byKey, over);
  if (!found) return undefined;
  let ran: TaskRunRow | undefined = found;
  for (let steps = 0; ran && !extentOf(ran) && steps < FARTHEST; steps += 1) ran = needOf(ran, byKey, over);
  return { key: found.task.key, from: (ran && extentOf(ran)?.from) ?? null };
}

function needOf(
  task: TaskRunRow,
  byKey: ReadonlyMap<string, TaskRunRow>,
  over: boolean,
): TaskRunRow | undefined {
  const scope = task.key.slice(0, task.key.lastIndexOf(".") + 1);
  const needs = task.task.needs.flatMap((key) => byKey.get(scope + key) ?? []);
  return (
    needs.find(({ state }) => FAILED.has(state)) ??
    needs.find((need) => stateGroupOf(need, over) === "notRun") ??
    needs.find(({ state }) => !isEnded(state))
  );
}
