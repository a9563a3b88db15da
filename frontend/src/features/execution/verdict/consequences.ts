import type { ExecutionRecord } from "@/entities/execution/record";
import { countStateGroups, stateGroupOf } from "@/entities/taskRun/stateGroup";
import { isEnded } from "@/shared/ui/stateTokens";

export type Consequences = { failed: number; notRun: number; because: boolean };

/**
 * The number of other tasks that failed and of those that did not run, as the lists behind their links show. `because`:
 * all of the latter wait for the failed task.
 */
export function consequencesOf({ head, taskRuns }: Pick<ExecutionRecord, "head" | "taskRuns">): Consequences {
  const over = isEnded(head.state);
  const counts = countStateGroups(taskRuns.values(), over);
  const first = head.failure?.taskRun ? taskRuns.get(head.failure.taskRun.id) : undefined;
  const own = first && stateGroupOf(first, over) === "failed" ? 1 : 0;
  return {
    failed: counts.failed - own,
    notRun: counts.notRun,
    because: counts.notRun === head.failure?.skippedCount,
  };
}
