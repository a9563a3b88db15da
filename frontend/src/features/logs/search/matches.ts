import { formatInteger, plural } from "@/shared/lib/number";
import { lowerBound } from "../store/logStore";

/** What a search has found so far: numbers of lines in order; `complete` once the log's end was searched. */
export type Found = { lines: readonly number[]; searchedTo: number; complete: boolean; stopped: boolean };

export const NOTHING_YET: Found = { lines: [], searchedTo: 0, complete: false, stopped: false };
/** More are not counted: nobody steps through so many, and their numbers would fill the memory. */
export const MOST = 100_000;

type Answer = { lines: readonly number[]; searchedTo: number; complete: boolean };

/** Adds what one more call has found. */
export function added(found: Found, answer: Answer, most = MOST): Found {
  const last = found.lines.at(-1) ?? 0;
  const fresh = answer.lines.filter((line) => line > last);
  const lines = fresh.length ? [...found.lines, ...fresh] : found.lines;
  const stopped = !answer.complete && lines.length >= most;
  return { lines, searchedTo: answer.searchedTo, complete: answer.complete, stopped };
}

/** The next one after a line or the one before; past the last comes the first again. */
export function stepped(lines: readonly number[], from: number, step: 1 | -1): number | undefined {
  if (!lines.length) return undefined;
  if (step > 0) return lines[lowerBound(lines, (line) => line <= from)] ?? lines[0];
  const before = lowerBound(lines, (line) => line < from) - 1;
  return lines[before] ?? lines.at(-1);
}

/** The first at a line or after; without one the last before. */
export function nearest(lines: readonly number[], from: number): number | undefined {
  return lines[lowerBound(lines, (line) => line < from)] ?? lines.at(-1);
}

/** The place among them, counted from 1; 0 for what is not one of them. */
export function placeOf(lines: readonly number[], line: number | null): number {
  if (line === null) return 0;
  const at = lowerBound(lines, (one) => one < line);
  return lines[at] === line ? at + 1 : 0;
}

/** "3 of 17", "17 lines match", "17+ searching…", "No line matches". */
export function countWords({ lines, complete, stopped }: Found, current: number | null): string {
  const total = `${formatInteger(lines.length)}${complete ? "" : "+"}`;
  const place = placeOf(lines, current);
  if (place) return `${formatInteger(place)} of ${total}`;
  if (stopped) return `${total} lines match`;
  if (!complete) return `${total} searching…`;
  if (!lines.length) return "No line matches";
  return `${plural(lines.length, "line matches", "lines match")}`;
}

/** Sorted, with a line that belongs to them for another reason. */
export function including(lines: readonly number[], line: number | null): readonly number[] {
  if (line === null) return lines;
  const at = lowerBound(lines, (one) => one < line);
  return lines[at] === line ? lines : [...lines.slice(0, at), line, ...lines.slice(at)];
}

export type Mark = { share: number; tone: "error" | "warning" };

/** Where marks stand in a log from one line to another, as shares of its length; those that would touch are one. */
export function marksOf(
  errors: readonly number[],
  warnings: readonly number[],
  { begin, end }: { begin: number; end: number },
  places = 200,
): Mark[] {
  const tones = new Map<number, Mark["tone"]>();
  const put = (lines: readonly number[], tone: Mark["tone"]) => {
    for (const line of lines) {
      if (line < begin || line > end) continue;
      tones.set(Math.floor(((line - begin) / (end - begin + 1)) * places), tone);
    }
  };
  put(warnings, "warning");
  put(errors, "error"); // an error hides the warnings at its place
  return [...tones].sort(([one], [other]) => one - other).map(([at, tone]) => ({ share: at / places, tone }));
}
