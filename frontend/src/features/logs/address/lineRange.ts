import { formatInteger } from "@/shared/lib/number";

/** A range of line numbers, both ends included; one line is a range too. */
export type LineRange = { from: number; to: number };

/** Parses `#L10` and `#L10-L20`, in either order, with or without the second L. */
export function rangeOf(hash: string): LineRange | null {
  const match = /^#?L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (!match) return null;
  const one = Number(match[1]);
  const other = match[2] === undefined ? one : Number(match[2]);
  return one < 1 || other < 1 ? null : { from: Math.min(one, other), to: Math.max(one, other) };
}

/** Formats the range for a URL, without the `#`. */
export function hashOf({ from, to }: LineRange): string {
  return from === to ? `L${from}` : `L${from}-L${to}`;
}

/** The range from the fixed end of a range to a new line: the effect of a click with Shift. */
export function extended(range: LineRange | null, line: number): LineRange {
  if (!range) return { from: line, to: line };
  return line < range.from ? { from: line, to: range.to } : { from: range.from, to: line };
}

export function holds(range: LineRange | null, line: number): boolean {
  return range !== null && line >= range.from && line <= range.to;
}

/** Parses a line number, as `12345` or `12 345`; null if it is not in the range. */
export function wantedLine(text: string, range: LineRange): number | null {
  const digits = text.replace(/[\s,.]/g, "");
  const line = /^\d+$/.test(digits) ? Number(digits) : 0;
  return line > 0 && holds(range, line) ? line : null;
}

/** "Write a number from 1 to 40 000, the first and the last line shown." */
export function outsideWords({ from, to }: LineRange): string {
  return `Write a number from ${formatInteger(from)} to ${formatInteger(to)}, the first and the last line shown.`;
}
