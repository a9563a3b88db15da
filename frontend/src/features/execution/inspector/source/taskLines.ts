export type Lines = { from: number; to: number };

/**
 * The line numbers, counted from 1, of a part of a document. The server has moved the part to the left margin; null
 * when the part is not found.
 */
export function linesOf(source: string, part: string): Lines | null {
  const all = source.split(/\r\n|\r|\n/);
  const wanted = part.trimEnd().split("\n");
  const [first = ""] = wanted;
  if (!first) return null;
  const start = all.findIndex((line, at) => {
    const margin = line.indexOf(first);
    return margin >= 0 && wanted.every((text, below) => matches(text, all[at + below], margin, below === 0));
  });
  return start < 0 ? null : { from: start + 1, to: start + wanted.length };
}

/** Text after a part on its last line, as a bracket or a comment, does not belong to it. */
function matches(text: string, line: string | undefined, margin: number, isFirst: boolean): boolean {
  if (line === undefined) return false;
  let at = 0;
  while (at < margin && (isFirst || line[at] === " ")) at++;
  return line.slice(at).startsWith(text);
}

/** "line 7", "lines 61 to 78" */
export function linesInWords({ from, to }: Lines): string {
  return from === to ? `line ${from}` : `lines ${from} to ${to}`;
}
