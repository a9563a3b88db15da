export type Lines = { from: number; to: number };

/** The lines of a document, counted from 1, in which a part of it stands; null when it is not there as it is. */
export function linesOf(source: string, part: string): Lines | null {
  const text = part.trimEnd();
  const start = text ? source.indexOf(text) : -1;
  if (start < 0) return null;
  const from = source.slice(0, start).split("\n").length;
  return { from, to: from + text.split("\n").length - 1 };
}

/** "line 7", "lines 61 to 78" */
export function linesInWords({ from, to }: Lines): string {
  return from === to ? `line ${from}` : `lines ${from} to ${to}`;
}
