export type Rows = { head: readonly string[]; rows: readonly (readonly string[])[]; cut: boolean };

/** Parses the first rows of a CSV or TSV text; quoted cells may hold separators and line ends. A truncated last row is left out. */
export function readCsv(text: string, most: number, separator = ",", complete = true): Rows {
  const rows = [...rowsOf(text, separator, most + 2)];
  const whole = complete || rows.length > most + 1 ? rows : rows.slice(0, -1);
  const [head = [], ...rest] = whole;
  return { head, rows: rest.slice(0, most), cut: !complete || rest.length > most };
}

function* rowsOf(text: string, separator: string, most: number): Generator<string[]> {
  const cells = new RegExp(`("(?:[^"]|"")*"?|[^${separator}\\n]*)(${separator}|\\n|$)`, "gy");
  let row: string[] = [];
  let found = 0;
  // A separator at the very end is followed by one more cell, an empty one.
  while ((cells.lastIndex < text.length || row.length) && found < most) {
    const [, cell = "", end] = cells.exec(text) ?? [];
    if (end === undefined) return; // text after a quoted cell: not a valid table
    row.push(plain(cell));
    if (end === separator) continue;
    yield row;
    found++;
    row = [];
  }
}

function plain(cell: string): string {
  if (!cell.startsWith('"')) return cell.replace(/\r$/, "");
  return cell.slice(1, cell.endsWith('"') ? -1 : undefined).replaceAll('""', '"');
}
