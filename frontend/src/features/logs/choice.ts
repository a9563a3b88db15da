import type { LogLevel, LogRowFragment, LogStream } from "@/shared/graphql/gen/graphql";

export type Line = LogRowFragment;

/** A filter of log lines: by task run, attempt, level and stream; empty for all lines of an execution. */
export type Choice = {
  id: string;
  /** The seq of an event: the log as it was then. */
  moment: number | null;
  taskRunId: string | null;
  attempt: number | null;
  minLevel: LogLevel | null;
  stream: LogStream | null;
};

/** Adjacent lines of the log, and whether there are more before and after them. */
export type LinePage = { lines: readonly Line[]; hasOlder: boolean; hasNewer: boolean };
/** Reads the lines of a choice that are nearest to a number. */
export type ReadAround = (around: number, first: number) => Promise<LinePage | undefined>;

/** Greater than any line number, but a valid Int of the API. */
export const THE_END = 2_000_000_000;
/** The number of lines in one request. */
export const PAGE = 600;

export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] as const satisfies readonly LogLevel[];

/** Whether the choice excludes lines of the execution. Only without a filter is a line's number its index. */
export function isNarrowed({ taskRunId, attempt, minLevel, stream }: Choice): boolean {
  return taskRunId !== null || attempt !== null || minLevel !== null || stream !== null;
}

/** The URL of a file with every line of the choice; the parameters are those of the download endpoint. */
export function downloadOf(
  choice: Choice,
  { task, byTask, text }: { task?: string | undefined; byTask?: boolean; text?: string } = {},
): string {
  const given = Object.entries({
    order: byTask ? "task" : undefined,
    task,
    attempt: choice.attempt,
    level: choice.minLevel,
    stream: choice.stream,
    text: text || undefined,
  }).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
  const query = new URLSearchParams(given as [string, string][]).toString();
  return `/executions/${encodeURIComponent(choice.id)}/logs.txt${query ? `?${query}` : ""}`;
}
