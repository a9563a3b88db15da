import type { LogLevel, LogRowFragment, LogStream } from "@/shared/graphql/gen/graphql";

export type Line = LogRowFragment;

/** Which lines are shown: all of an execution, or of them what a task run, attempt, level and stream narrow down to. */
export type Choice = {
  id: string;
  /** The seq of an event: the log as it was then. */
  moment: number | null;
  taskRunId: string | null;
  attempt: number | null;
  minLevel: LogLevel | null;
  stream: LogStream | null;
};

/** Neighbours in the log, with whether the log goes on before and after them. */
export type LinePage = { lines: readonly Line[]; hasOlder: boolean; hasNewer: boolean };
/** Reads the lines of a choice that are nearest to a number. */
export type ReadAround = (around: number, first: number) => Promise<LinePage | undefined>;

/** More than any line's number and a valid Int of the API. */
export const THE_END = 2_000_000_000;
/** How many lines one request reads. */
export const PAGE = 600;

export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] as const satisfies readonly LogLevel[];

/** Whether the choice leaves lines of the execution out. Only without one is a line's number its place. */
export function isNarrowed({ taskRunId, attempt, minLevel, stream }: Choice): boolean {
  return taskRunId !== null || attempt !== null || minLevel !== null || stream !== null;
}

/** The address of a file with every line of the choice; the parameters' names are those of the download. */
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
