import type { LogRowFragment } from "@/shared/graphql/gen/graphql";

/**
 * The lines that are loaded, in order and without doubles, whatever arrives twice after a reconnect. A store of its
 * own since copying an array of 200 000 lines at every batch would be what the page does all day.
 */
export class LogBuffer {
  readonly lines: LogRowFragment[] = [];
  /** Lines that came after the first page. */
  arrived = 0;
  /** Counts lines put in front or cut from there (negative): what a scroll position must move by. */
  prepended = 0;
  hasOlder = false;
  loaded = false;
  complete = false;
  startCursor: string | null = null;
  endCursor: string | null = null;
  private version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly limit = 200_000) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  begin(
    lines: readonly LogRowFragment[],
    page: { hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null },
  ): void {
    this.push(lines);
    this.hasOlder = page.hasPreviousPage;
    this.startCursor = page.startCursor;
    this.endCursor = page.endCursor;
    this.loaded = true;
    this.tell();
  }

  append(lines: readonly LogRowFragment[], cursor: string, complete: boolean): void {
    const before = this.lines.length;
    this.push(lines);
    this.arrived += this.lines.length - before;
    this.endCursor = cursor;
    this.complete = complete;
    this.cut();
    this.tell();
  }

  prepend(
    lines: readonly LogRowFragment[],
    page: { hasPreviousPage: boolean; startCursor: string | null },
  ): void {
    const first = this.lines[0]?.line ?? Number.POSITIVE_INFINITY;
    const older = lines.filter((line) => line.line < first);
    this.lines.unshift(...older);
    this.prepended += older.length;
    this.hasOlder = page.hasPreviousPage && older.length > 0;
    this.startCursor = page.startCursor;
    this.tell();
  }

  reopen(): void {
    this.complete = false;
    this.tell();
  }

  /** Where a line stands, or the next one after it if it is not among those shown. */
  indexOf(line: number): number {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]!.line < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private push(lines: readonly LogRowFragment[]): void {
    let last = this.lines.at(-1)?.line ?? Number.NEGATIVE_INFINITY;
    for (const line of lines) {
      if (line.line <= last) continue;
      this.lines.push(line);
      last = line.line;
    }
  }

  /** The oldest go first; they cannot be paged back to, since their cursor is not known: the filter helps, or the raw file. */
  private cut(): void {
    const excess = this.lines.length - this.limit;
    if (excess < this.limit / 10) return;
    this.lines.splice(0, excess);
    this.prepended -= excess;
    this.hasOlder = false;
  }

  private tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
