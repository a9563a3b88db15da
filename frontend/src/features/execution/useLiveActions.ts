import { type Actions, type Target, useActions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import type { Reading } from "@/entities/execution/useRecord";

/** The page's actions. They apply to the execution as it is now, even while an earlier moment is shown. */
export function useLiveActions(live: ExecutionRecord, learn: Reading["learn"]): Actions {
  const actions = useActions(learn);
  return { ...actions, start: (spec, target, how) => actions.start(spec, asItIsNow(target, live), how) };
}

function asItIsNow(target: Target, { head, taskRuns }: ExecutionRecord): Target {
  if (target.id !== head.id) return target;
  const taskRun = target.taskRun && (taskRuns.get(target.taskRun.id) ?? target.taskRun);
  return { ...target, state: head.state, labels: head.labels, ...(taskRun && { taskRun }) };
}
