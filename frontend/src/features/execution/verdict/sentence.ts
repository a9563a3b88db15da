import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { formatInteger, plural } from "@/shared/lib/number";
import { type AnyState, isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";

/** "5 more tasks failed" */
export function moreFailed(others: number): string | null {
  return others ? `${formatInteger(others)} more ${others === 1 ? "task" : "tasks"} failed` : null;
}

/** "12 did not run" */
export function didNotRun(skipped: number): string | null {
  return skipped ? `${formatInteger(skipped)} did not run` : null;
}

/** "load, check and 3 more" */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length;
  if (rest) shown.push(`${formatInteger(rest)} more`);
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** "41 succeeded, 4 failed, 4 ran, 13 had not started": the tasks by state at a moment. */
export function countsThen(tasks: Iterable<Pick<TaskRunRow, "state" | "startedAt">>): string {
  const counts = { succeeded: 0, failed: 0, "were stopped": 0, ran: 0, waited: 0, "had not started": 0 };
  for (const task of tasks) counts[groupThen(task)] += 1;
  const parts = Object.entries(counts).flatMap(([word, count]) =>
    count ? [`${formatInteger(count)} ${word}`] : [],
  );
  return parts.join(", ") || "no task was planned";
}

function groupThen({ state, startedAt }: Pick<TaskRunRow, "state" | "startedAt">) {
  const { tone } = STATE_TOKENS[state];
  if (tone === "good" || state === "WARNING" || state === "SKIPPED") return "succeeded";
  if (tone === "bad") return "failed";
  if (isEnded(state)) return startedAt ? "were stopped" : "had not started";
  if (state === "WAITING_FOR_APPROVAL" || state === "RETRYING") return "waited";
  return tone === "active" || state === "KILLING" ? "ran" : "had not started";
}

type Moment = {
  type: string;
  toState: string | null;
  attempt: number | null;
  taskRun: { key: string } | null;
};

const ATTEMPTS: Record<string, string> = { ATTEMPT_STARTED: "started", ATTEMPT_ENDED: "ended" };

/** "load: attempt 2 started", "load: Retrying", "Running", "labels set": describes an event. */
export function momentWords({ type, toState, attempt, taskRun }: Moment): string {
  const verb = ATTEMPTS[type];
  const state = toState && toState in STATE_TOKENS ? STATE_TOKENS[toState as AnyState].word : null;
  const what = verb && attempt ? `attempt ${attempt} ${verb}` : (state ?? wordsOf(type));
  return taskRun ? `${taskRun.key}: ${what}` : what;
}

function wordsOf(type: string): string {
  const words = type.toLowerCase().replaceAll("_", " ");
  return words[0]!.toUpperCase() + words.slice(1);
}

/** "3 tasks ended with a warning: load, check and 1 more" */
export function warnedWords({ taskRuns }: Pick<ExecutionRecord, "taskRuns">): string | null {
  const warned = [...taskRuns.values()].filter((task) => task.state === "WARNING").map((task) => task.key);
  return warned.length ? `${plural(warned.length, "task")} ended with a warning: ${listed(warned)}` : null;
}
