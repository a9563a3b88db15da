import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { WaitingCode, WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { isEnded } from "@/shared/ui/stateTokens";

/** Reasons shown, in order of importance; waits for another task or for people are shown elsewhere. */
const SHOWN: readonly WaitingCode[] = [
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

/** One message, and the task runs that it applies to. */
export type Reason = Pick<WaitingReasonFragment, "code" | "message" | "until" | "execution"> & {
  keys: string[];
};

/** Why nothing progresses: the most important reason first, equal reasons of many tasks once. Empty while a task runs. */
export function reasonsOf(
  { head, taskRuns }: Pick<ExecutionRecord, "head" | "taskRuns">,
  waitingFor: readonly WaitingReasonFragment[],
): Reason[] {
  if (isEnded(head.state)) return [];
  const shown = waitingFor.filter(({ code }) => SHOWN.includes(code));
  const subflows = new Set(
    shown.filter(({ code }) => code === "EXECUTION").map(({ taskRun }) => taskRun?.id),
  );
  for (const { id, state } of taskRuns.values()) if (AT_WORK.has(state) && !subflows.has(id)) return [];
  const reasons = new Map<string, Reason>();
  for (const { code, message, until, execution, taskRun } of shown) {
    const known = reasons.get(`${code}${message}`) ?? { code, message, until, execution, keys: [] };
    if (taskRun) known.keys.push(taskRun.key);
    reasons.set(`${code}${message}`, known);
  }
  return [...reasons.values()].sort((one, other) => SHOWN.indexOf(one.code) - SHOWN.indexOf(other.code));
}

type StateChanged = { state: string; at: string; actor: { name: string }; reason: string | null };

/** The last transition into one of these states: by whom, when, and why. */
export function lastInto(history: readonly StateChanged[], states: readonly string[]): StateChanged | null {
  return history.findLast(({ state }) => states.includes(state)) ?? null;
}
