import type { ExecutionRecord } from "@/entities/execution/record";
import { countStandings, standingOf } from "@/entities/taskRun/standing";
import { isEnded } from "@/shared/ui/stateTokens";

export type Consequences = { failed: number; notRun: number; because: boolean };

/**
 * How many more tasks failed and how many did not run: those that the list behind their link shows. `because` tells
 * that all of the latter wait for what failed.
 */
export function consequencesOf({ head, taskRuns }: Pick<ExecutionRecord, "head" | "taskRuns">): Consequences {
  const over = isEnded(head.state);
  const counts = countStandings(taskRuns.values(), over);
  const first = head.failure?.taskRun ? taskRuns.get(head.failure.taskRun.id) : undefined;
  const told = first && standingOf(first, over) === "failed" ? 1 : 0;
  return {
    failed: counts.failed - told,
    notRun: counts.notRun,
    because: counts.notRun === head.failure?.skippedCount,
  };
}
