import { readError } from "@/shared/lib/traceback";
import type { Head } from "./record";

type Failure = NonNullable<Head["failure"]>;

/** "failed after 3 attempts, exit code 3, the last at 02:59:16": the most important first, since a phone cuts the rest off. */
export function howItFailed(
  { attempt, message, exitCode }: Pick<Failure, "attempt" | "message" | "exitCode">,
  clock: string | null,
): string {
  const code = extraExitCode({ message, exitCode });
  const isLast = attempt !== null && attempt > 1;
  const time = clock && (isLast ? `, the last at ${clock}` : `${code ? "," : ""} at ${clock}`);
  return [attempts(attempt), code && `, ${code}`, time].filter(Boolean).join("");
}

function attempts(attempt: Failure["attempt"]): string {
  if (!attempt) return "failed";
  return attempt === 1 ? "failed at its first attempt" : `failed after ${attempt} attempts`;
}

/** "exit code 3", unless the message says only that; a signal is named in the message. */
function extraExitCode({ message, exitCode }: Pick<Failure, "message" | "exitCode">): string | null {
  const text = `exit code ${exitCode}`;
  return exitCode && exitCode > 0 && message !== text ? text : null;
}

/** The line of a message that names the cause: in a call stack, the innermost exception. */
export function causeOf(message: string): string {
  const lines = readError(message).sentence.split("\n");
  return (lines.find((line) => line.trim()) ?? message).trim();
}
