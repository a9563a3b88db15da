import { formatInteger, plural } from "@/shared/lib/number";
import { lowerBound } from "../store/logStore";

/** The matches so far: line numbers in order; `complete` once the end of the log was searched. */
export type Found = { lines: readonly number[]; searchedTo: number; complete: boolean; stopped: boolean };

export const NOTHING_YET: Found = { lines: [], searchedTo: 0, complete: false, stopped: false };
/** The most matches: nobody steps through more, and their numbers would need too much memory. */
export const MOST = 100_000;

type Answer = { lines: readonly number[]; searchedTo: number; complete: boolean };

/** Adds the matches of one more response. */
export function added(found: Found, answer: Answer, most = MOST): Found {
  const last = found.lines.at(-1) ?? 0;
  const fresh = answer.lines.filter((line) => line > last);
  const lines = fresh.length ? [...found.lines, ...fresh] : found.lines;
  const stopped = !answer.complete && lines.length >= most;
  return { lines, searchedTo: answer.searchedTo, complete: answer.complete, stopped };
}

/** The next match after a line, or the previous one; after the last one, the first again. */
export function stepped(lines: readonly number[], from: number, step: 1 | -1): number | undefined {
  if (!lines.length) return undefined;
  if (step > 0) return lines[lowerBound(lines, (line) => line <= from)] ?? lines[0];
  const before = lowerBound(lines, (line) => line < from) - 1;
  return lines[before] ?? lines.at(-1);
}

/** The first match at a line or after it; without one, the last before it. */
export function nearest(lines: readonly number[], from: number): number | undefined {
  return lines[lowerBound(lines, (line) => line < from)] ?? lines.at(-1);
}

/** The position of a line among the matches, from 1; 0 if it is none of them. */
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

/** The sorted lines, with a line that belongs to them for another reason. */
export function including(lines: readonly number[], line: number | null): readonly number[] {
  if (line === null) return lines;
  const at = lowerBound(lines, (one) => one < line);
  return lines[at] === line ? lines : [...lines.slice(0, at), line, ...lines.slice(at)];
}

export type Mark = { share: number; tone: "error" | "warning" };

/** The positions of marks in a log, as fractions of its length; marks that would touch are merged. */
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
