import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { isInside } from "@/entities/taskRun/levels";
import type { LogLevel, LogStream } from "@/shared/graphql/gen/graphql";
import { formatCount, plural } from "@/shared/lib/number";
import type { Preferences } from "@/shared/lib/preferences";
import { formatClock } from "@/shared/lib/time";
import { isEnded } from "@/shared/ui/stateTokens";
import type { LineRange } from "./address/lineRange";
import { type Choice, isNarrowed, type Line } from "./choice";
import { Groups } from "./store/sources";

export type Selected = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  attempt: number | undefined;
  level: LogLevel | undefined;
  stream: LogStream | undefined;
  at: number | undefined;
};

export type Count = { value: number; exact: boolean };

/** The choice for the selection. If an execution has only one task, all of the log is that task's. */
export function choiceOf({ record, taskRun, attempt, level, stream, at }: Selected): Choice {
  const isAll = !taskRun || (record.taskRuns.size === 1 && attempt === undefined);
  return {
    id: record.head.id,
    moment: at ?? null,
    taskRunId: isAll ? null : taskRun.id,
    attempt: isAll ? null : (attempt ?? null),
    minLevel: level ?? null,
    stream: stream ?? null,
  };
}

/** The key of the selected foreach, whose log consists of the lines of its iterations. */
export function foreachOf({ record, taskRun }: Pick<Selected, "record" | "taskRun">): string | undefined {
  if (!taskRun) return undefined;
  const keys = [...record.taskRuns.values()].map(({ key }) => key);
  return keys.some((key) => isInside(key, taskRun.key)) ? taskRun.key : undefined;
}

/** The line that caused the failure of the execution, if it is within the selection. */
export function failureLineOf({ record, taskRun, attempt }: Selected): number | null {
  const { failure } = record.head;
  const failed = failure?.taskRun;
  const isOther = taskRun && taskRun.id !== failed?.id && !(failed && isInside(failed.key, taskRun.key));
  if (!failure || isOther) return null;
  if (taskRun && attempt !== undefined && attempt !== failure.attempt) return null;
  return failure.logLine ?? null;
}

/** Whether more lines may be written. */
export function isGrowing({ record, taskRun, at }: Selected, choice: Choice): boolean {
  if (at !== undefined) return false;
  return !isEnded(choice.taskRunId && taskRun ? taskRun.state : record.head.state);
}

/** The attempts of an execution, or of a foreach, task by task in the order of their starts. */
export function groupsOf(record: ExecutionRecord, foreach?: string): Groups {
  const tasks = [...record.taskRuns.values()];
  const shown = foreach === undefined ? tasks : tasks.filter(({ key }) => isInside(key, foreach));
  const begun = shown.filter((task) => task.attempts.length > 0);
  const started = (task: TaskRunRow) => task.attempts[0]!.startedAt;
  begun.sort((one, other) => started(one).localeCompare(started(other)) || one.key.localeCompare(other.key));
  return new Groups(
    begun.flatMap(({ id, attempts }) => attempts.map(({ number }) => ({ taskRunId: id, attempt: number }))),
  );
}

/** "attempt 3, started 02:59:04", with the task's name in front if there are several tasks. */
export function separatorWords(
  record: ExecutionRecord,
  { taskRunId, taskKey, attempt }: Line,
  withTask: boolean,
  zone: Preferences["zone"],
): string {
  const task = taskRunId ? record.taskRuns.get(taskRunId) : undefined;
  const started = task?.attempts.find(({ number }) => number === attempt)?.startedAt;
  const parts = [
    withTask ? (taskKey ?? "the execution itself") : "",
    attempt === null || attempt === undefined ? "" : `attempt ${attempt}`,
    started ? `started ${formatClock(started, zone)}` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

export function emptyWords(choice: Choice, growing: boolean): string {
  if (choice.minLevel || choice.stream) return "No lines of this level and stream.";
  if (growing) return "No lines yet. New lines appear here live.";
  if (choice.moment !== null) return "Nothing had been logged at that moment.";
  return "Nothing was logged.";
}

/** Why the lines of the URL are not shown. */
export function missingWords({ from }: LineRange, choice: Choice, shown: LineRange): string {
  if (isNarrowed(choice)) return `Line ${from} is not among the lines shown, ${shown.from} to ${shown.to}.`;
  return `There is no line ${from}: the log has ${plural(shown.to, "line")}.`;
}

/** "152 lines", or "141 of 152 lines" where a task or a filter excludes some: line numbers count all of them. */
export function totalWords(total: Count, whole: Count | undefined): string {
  const last = whole ?? total;
  const lines = last.value === 1 && last.exact ? "line" : "lines";
  return whole ? `${formatCount(total)} of ${formatCount(whole)} ${lines}` : `${formatCount(total)} ${lines}`;
}
