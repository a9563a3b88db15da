import type { Head } from "@/entities/execution/record";

type Failure = NonNullable<Head["failure"]>;

/** "failed after 3 attempts", "failed at its first attempt": what happened to the task, in words. */
export function howItFailed(failure: Pick<Failure, "attempt">): string {
  if (!failure.attempt) return "failed";
  return failure.attempt === 1 ? "failed at its first attempt" : `failed after ${failure.attempt} attempts`;
}

/** The exit code, unless the message is nothing else; a signal stands in the message by its name. */
export function exitCodeBeside({ message, exitCode }: Pick<Failure, "message" | "exitCode">): string | null {
  const text = `exit code ${exitCode}`;
  return exitCode && exitCode > 0 && message !== text ? text : null;
}

/** "+ 2 other tasks failed" */
export function howManyOthers(others: number): string | null {
  if (!others) return null;
  return `+ ${others} other ${others === 1 ? "task" : "tasks"} failed`;
}

const NAMED = 6;

/** What did not run because of it: "load, report and 4 more did not run because of it." */
export function whatWasSkipped(skipped: readonly { key: string }[]): string | null {
  if (!skipped.length) return null;
  const names = skipped.slice(0, NAMED).map((task) => task.key);
  const rest = skipped.length - names.length;
  if (rest) names.push(`${rest} more`);
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${list} did not run because of it.`;
}

type Line = { line: number; level: string };

/** The line to mark: the one that the server named, else the last error among those shown. */
export function markedLine(lines: readonly Line[], logLine: number | null): number | null {
  if (logLine !== null && lines.some((line) => line.line === logLine)) return logLine;
  return lines.findLast((line) => line.level === "ERROR")?.line ?? null;
}
