import type { Line, LinePage } from "../choice";
import { LogStore, lowerBound, type Row } from "./logStore";

/** The distance, in rows, from an end of the loaded lines at which more are read. */
const NEAR = 150;

/** The source and the order of a segment's lines: by `rank`, then by number. */
export type Source = {
  /** Whether numbers increase from line to line, so that the place of a missing line is known. */
  isByNumber: boolean;
  rank: (line: Line) => number;
  around: (line: number) => Promise<LinePage | undefined>;
  older: (first: Line) => Promise<LinePage | undefined>;
  newer: (last: Line) => Promise<LinePage | undefined>;
};

type Options = { most?: number; separated?: boolean };

/** Adjacent lines of a choice, without duplicates. It grows at both ends and is bounded. */
export class LogSegment extends LogStore {
  lines: Line[] = [];
  hasOlder = true;
  hasNewer = true;
  private rows: Row[] = [];
  /** The last line that arrived but was not added, because lines before it were not loaded. */
  private skipped: Line | undefined;
  private seen: readonly [number, number] = [0, 0];
  private reading: Promise<void> | undefined;
  private generation = 0;
  private readonly most: number;
  private readonly separated: boolean;

  constructor(
    private readonly source: Source,
    { most = 20_000, separated = false }: Options = {},
  ) {
    super();
    this.most = most;
    this.separated = separated;
  }

  get count(): number {
    return this.rows.length;
  }

  get atEnd(): boolean {
    return !this.hasNewer;
  }

  at(index: number): Row | undefined {
    return this.rows[index];
  }

  indexOf(line: number): number {
    // Grouped by task, numbers do not increase from row to row.
    const exact = this.rows.findIndex((row) => row.kind === "line" && row.line.line === line);
    if (exact >= 0) return exact;
    const next = this.rows.findIndex((row) => row.kind === "line" && row.line.line > line);
    return next < 0 ? this.rows.length : next;
  }

  has(line: number): boolean {
    return this.lines.some((one) => one.line === line);
  }

  mayHave(line: number): boolean {
    return this.has(line) || !this.isWithin(line);
  }

  begin({ lines, hasOlder, hasNewer }: LinePage): void {
    this.generation += 1;
    this.lines = [];
    this.hasOlder = hasOlder;
    this.hasNewer = hasNewer;
    this.merge(lines);
    this.settle();
  }

  protected take(lines: readonly Line[]): void {
    const kept = lines.filter((line) => this.takes(line));
    this.arrived += this.merge(kept) + (lines.length - kept.length);
    this.cut();
    this.lay();
  }

  look(from: number, to: number): void {
    this.seen = [from, to];
    if (this.hasOlder && from < NEAR) void this.grow("older");
    else if (this.hasNewer && to > this.count - NEAR) void this.grow("newer");
  }

  async reach(line: number): Promise<void> {
    if (this.has(line) || this.isWithin(line)) return;
    const page = await this.source.around(line);
    if (page) this.begin(this.withSkipped(page));
  }

  /** Sorts the lines after their ranks have changed; lines that arrived into a gap are read from there on. */
  reorder(): void {
    const isInOrder = (line: Line, at: number) => at === 0 || this.compare(this.lines[at - 1]!, line) < 0;
    const last = this.lines.at(-1);
    const missing = this.skipped && last && this.compare(this.skipped, last) < 0 ? this.skipped : undefined;
    if (!missing && this.lines.every(isInOrder)) return;
    this.generation += 1;
    this.lines = [...withoutDoubles(this.lines.toSorted((one, other) => this.compare(one, other)))];
    const place = missing ? lowerBound(this.lines, (line) => this.compare(line, missing) < 0) : 0;
    if (missing && place > 0 && !this.has(missing.line)) {
      this.lines = this.lines.slice(0, place);
      this.hasNewer = true;
    }
    this.settle();
  }

  private grow(where: "older" | "newer"): Promise<void> {
    this.reading ??= this.readMore(where).finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readMore(where: "older" | "newer"): Promise<void> {
    const generation = this.generation;
    const end = where === "older" ? this.lines[0] : this.lines.at(-1);
    const page = end && (await this.source[where](end));
    if (!page || generation !== this.generation) return;
    if (where === "older") this.hasOlder = page.hasOlder;
    else this.hasNewer = page.hasNewer;
    this.merge(page.lines);
    this.hasNewer = this.withSkipped({ ...page, hasNewer: this.hasNewer, lines: this.lines }).hasNewer;
    this.cut(where === "older" ? "newer" : "older");
    this.settle();
  }

  /** A page that was read before a line arrived does not include that line. */
  private withSkipped(page: LinePage): LinePage {
    const last = page.lines.at(-1);
    const isBehind = this.skipped && last && this.compare(this.skipped, last) > 0;
    return isBehind ? { ...page, hasNewer: true } : page;
  }

  /** Whether an arrived line belongs to the loaded ones; otherwise it is read later. */
  private takes(line: Line): boolean {
    const [first, last] = [this.lines[0], this.lines.at(-1)];
    const isAfter = !last || this.compare(line, last) > 0;
    const isBefore = first && this.compare(line, first) < 0;
    if (isAfter && this.hasNewer) this.skipped = line;
    return !(isAfter && this.hasNewer) && !(isBefore && this.hasOlder);
  }

  /** Whether the line, if it matches the choice, is loaded. */
  private isWithin(line: number): boolean {
    if (!this.source.isByNumber) return !this.hasOlder && !this.hasNewer;
    const [first, last] = [this.lines[0], this.lines.at(-1)];
    if (!first || !last) return !this.hasOlder && !this.hasNewer;
    return (first.line <= line || !this.hasOlder) && (last.line >= line || !this.hasNewer);
  }

  /** Inserts lines at their places and counts those that are new. */
  private merge(lines: readonly Line[]): number {
    const before = this.lines.length;
    const sorted = [...lines].sort((one, other) => this.compare(one, other));
    const first = this.lines[0];
    const last = this.lines.at(-1);
    const front = first ? sorted.filter((line) => this.compare(line, first) < 0) : [];
    const back = last ? sorted.filter((line) => this.compare(line, last) > 0) : sorted;
    const between = first && last ? sorted.slice(front.length, sorted.length - back.length) : [];
    for (const line of between) this.insert(line);
    if (front.length) this.lines = [...withoutDoubles(front), ...this.lines];
    for (const line of withoutDoubles(back)) this.lines.push(line);
    return this.lines.length - before;
  }

  private insert(line: Line): void {
    const place = lowerBound(this.lines, (one) => this.compare(one, line) < 0);
    if (this.lines[place]?.line !== line.line) this.lines.splice(place, 0, line);
  }

  /** Drops lines that are farthest from the visible ones, in large steps. They can be read again. */
  private cut(side: "older" | "newer" = this.farSide()): void {
    const excess = this.lines.length - this.most;
    if (excess < this.most / 10) return;
    if (side === "older") {
      this.lines = this.lines.slice(excess);
      this.hasOlder = true;
    } else {
      this.skipped = this.lines.at(-1);
      this.lines = this.lines.slice(0, -excess);
      this.hasNewer = true;
    }
  }

  private farSide(): "older" | "newer" {
    return this.seen[0] + this.seen[1] > this.count ? "older" : "newer";
  }

  private compare(one: Line, other: Line): number {
    return this.source.rank(one) - this.source.rank(other) || one.line - other.line;
  }

  private settle(): void {
    this.lay();
    this.tell();
  }

  private lay(): void {
    this.rows = this.separated
      ? separated(this.lines, !this.hasOlder)
      : this.lines.map((line) => ({ kind: "line", line }));
  }
}

function withoutDoubles(lines: readonly Line[]): readonly Line[] {
  return lines.filter((line, at) => line.line !== lines[at - 1]?.line);
}

/** Adds a separator row before each line that is of another attempt than the previous line. */
function separated(lines: readonly Line[], atBegin: boolean): Row[] {
  return lines.flatMap((line, at): Row[] => {
    const before = lines[at - 1];
    const isNew = before
      ? before.taskRunId !== line.taskRunId || before.attempt !== line.attempt
      : atBegin && line.taskRunId !== null;
    const row: Row = { kind: "line", line };
    return isNew ? [{ kind: "separator", before: line }, row] : [row];
  });
}
