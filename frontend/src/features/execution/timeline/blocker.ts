import type { TaskRunRow } from "@/entities/execution/record";
import { isEnded } from "@/shared/ui/stateTokens";
import { extentOf } from "./segments";
import { standingOf } from "./standing";

export type Blocker = { key: string; from: number | null };

/** What a task that has not run needs: the task that failed or did not run either, else the first that is to end yet. */
export function blockerOf(
  task: TaskRunRow,
  byKey: ReadonlyMap<string, TaskRunRow>,
  over: boolean,
): Blocker | undefined {
  const scope = task.key.slice(0, task.key.lastIndexOf(".") + 1);
  const needs = task.task.needs.flatMap((key) => byKey.get(scope + key) ?? []);
  const found =
    needs.find(({ state }) => ["FAILED", "ERROR", "REJECTED", "KILLED"].includes(state)) ??
    needs.find((need) => standingOf(need, over) === "notRun") ??
    needs.find(({ state }) => !isEnded(state));
  return found && { key: found.task.key, from: extentOf(found)?.from ?? null };
}
