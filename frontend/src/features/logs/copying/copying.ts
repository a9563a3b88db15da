import { stripAnsi } from "@/shared/lib/ansi";
import { formatInteger, plural } from "@/shared/lib/number";
import type { LineRange } from "../address/lineRange";
import { type Line, type LinePage, type ReadAround, THE_END } from "../choice";

/** The most lines to copy; more need a download. */
export const COPIED_AT_MOST = 10_000;
const AT_ONCE = 1000;

export type Copied = { lines: readonly Line[]; isPart: boolean };

/** The lines of a range, only the first ones if there are too many; undefined if they cannot be read. */
export async function linesOf(
  read: ReadAround,
  { from, to }: LineRange,
  most = COPIED_AT_MOST,
): Promise<Copied | undefined> {
  const lines: Line[] = [];
  let next = from;
  let page: LinePage | undefined;
  do {
    page = await read(next + AT_ONCE / 2, AT_ONCE);
    if (!page) return undefined;
    lines.push(...page.lines.filter(({ line }) => line >= next && line <= to));
    next = Math.max(next, page.lines.at(-1)?.line ?? THE_END) + 1;
  } while (page.hasNewer && next <= to && lines.length < most);
  return { lines: lines.slice(0, most), isPart: lines.length > most || (page.hasNewer && next <= to) };
}

/** The last lines of a log, or all of them if there are not too many. */
export async function lastLines(read: ReadAround, most = COPIED_AT_MOST): Promise<Copied | undefined> {
  let lines: readonly Line[] = [];
  let around = THE_END;
  for (;;) {
    const page = await read(around, AT_ONCE);
    if (!page) return undefined;
    const older = page.lines.filter(({ line }) => line < around);
    lines = [...older, ...lines];
    const isPart = page.hasOlder || lines.length > most;
    if (!page.hasOlder || lines.length >= most || !older.length) return { lines: lines.slice(-most), isPart };
    around = older[0]!.line;
  }
}

/** Only the text: no numbers, times or colours. */
export function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => stripAnsi(text)).join("\n");
}

/** "Copied 11 lines", "Copied the last 10 000 lines; Download gives all of them". */
export function copiedWords({ lines, isPart }: Copied, end: "first" | "last"): string {
  if (!isPart) return `Copied ${plural(lines.length, "line")}`;
  return `Copied the ${end} ${formatInteger(lines.length)} lines; Download gives all of them`;
}
