import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { WaitingCode, WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { isEnded } from "@/shared/ui/stateTokens";

/** Reasons that stand for themselves; what waits for another task only, or for people, is told elsewhere. */
const TOLD: readonly WaitingCode[] = [
  "REVISION",
  "SLOT",
  "WORKER",
  "EVENT",
  "EXECUTION",
  "TIME",
  "RETRY",
  "KILLING",
];
const AT_WORK: ReadonlySet<TaskRunRow["state"]> = new Set<TaskRunRow["state"]>(["RUNNING"]);

/** One sentence, and the task runs that it holds for. */
export type Reason = Pick<WaitingReasonFragment, "code" | "message" | "until" | "execution"> & {
  keys: string[];
};

/** Why nothing moves: the most telling reason first, the same reason of many tasks once. Empty while something runs. */
export function reasonsOf(
  { head, taskRuns }: Pick<ExecutionRecord, "head" | "taskRuns">,
  waitingFor: readonly WaitingReasonFragment[],
): Reason[] {
  if (isEnded(head.state)) return [];
  const told = waitingFor.filter(({ code }) => TOLD.includes(code));
  const subflows = new Set(told.filter(({ code }) => code === "EXECUTION").map(({ taskRun }) => taskRun?.id));
  for (const { id, state } of taskRuns.values()) if (AT_WORK.has(state) && !subflows.has(id)) return [];
  const reasons = new Map<string, Reason>();
  for (const { code, message, until, execution, taskRun } of told) {
    const known = reasons.get(`${code}${message}`) ?? { code, message, until, execution, keys: [] };
    if (taskRun) known.keys.push(taskRun.key);
    reasons.set(`${code}${message}`, known);
  }
  return [...reasons.values()].sort((one, other) => TOLD.indexOf(one.code) - TOLD.indexOf(other.code));
}

type StateChanged = { state: string; at: string; actor: { name: string }; reason: string | null };

/** Who brought the execution into the first of these states that it was in last, when, and why. */
export function lastInto(history: readonly StateChanged[], states: readonly string[]): StateChanged | null {
  return history.findLast(({ state }) => states.includes(state)) ?? null;
}
