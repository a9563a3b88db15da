import type { Span } from "./ansi";

export type MarkedSpan = Span & { isMarked?: true };

/** Splits a line's spans at the matches of a search text, case-insensitively and across colours. */
export function marked(spans: readonly Span[], find: string): readonly MarkedSpan[] {
  if (!find) return spans;
  const text = spans.map((span) => span.text).join("");
  const places = [...text.matchAll(new RegExp(escaped(find), "giu"))];
  if (!places.length) return spans;
  const cuts = places.flatMap(({ index, 0: found }) => [index, index + found.length]);
  const parts: MarkedSpan[] = [];
  let start = 0;
  for (const { text: own, style } of spans) {
    const end = start + own.length;
    const inner = [start, ...cuts.filter((cut) => cut > start && cut < end), end];
    for (let at = 1; at < inner.length; at += 1) {
      const [from, to] = [inner[at - 1]!, inner[at]!];
      const isMarked = places.some(({ index, 0: found }) => from >= index && to <= index + found.length);
      parts.push({ text: text.slice(from, to), style, ...(isMarked && { isMarked }) });
    }
    start = end;
  }
  return parts;
}

function escaped(find: string): string {
  return find.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
