import type { Line, LinePage, ReadAround } from "../choice";
import { LogStore, type Row } from "./logStore";

const SIZE = 500;
type Page = { rows: (Row | undefined)[]; requested: boolean };

/**
 * The whole log of an execution: a line's number is its index, so that every position can be shown before the lines in
 * between have been read. Pages are read where they are visible; the least recently used ones are evicted.
 */
export class LogPages extends LogStore {
  readonly atEnd = true;
  private readonly pages = new Map<number, Page>();
  private wanted: readonly [number, number] = [0, -1];
  private reading = false;

  constructor(
    private lines: number,
    private readonly read: ReadAround,
    private readonly most = 60,
  ) {
    super();
  }

  get count(): number {
    return this.lines;
  }

  at(index: number): Row | undefined {
    return this.pages.get(Math.floor(index / SIZE))?.rows[index % SIZE];
  }

  indexOf(line: number): number {
    return Math.min(Math.max(0, line - 1), this.lines);
  }

  has(line: number): boolean {
    return line >= 1 && line <= this.lines;
  }

  mayHave(line: number): boolean {
    return this.has(line);
  }

  add({ lines }: Pick<LinePage, "lines">): void {
    for (const line of lines) this.put(line);
    this.forget();
    this.tell();
  }

  protected take(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line.line > this.lines) {
        this.arrived += line.line - this.lines;
        this.lines = line.line;
      }
      this.put(line);
    }
    this.forget();
  }

  look(from: number, to: number): void {
    this.wanted = [Math.max(0, from), Math.min(this.lines - 1, to)];
    void this.readOn();
  }

  async reach(line: number): Promise<void> {
    const index = Math.min(Math.max(0, line - 1), this.lines - 1);
    if (index >= 0 && !this.at(index)) await this.readPage(Math.floor(index / SIZE));
  }

  /** One request at a time, for the currently visible lines, so that dragging through ten million lines reads few pages. */
  private async readOn(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      for (let page = this.missing(); page !== undefined; page = this.missing()) await this.readPage(page);
    } finally {
      this.reading = false;
    }
  }

  /** The page of the first visible line that is neither loaded nor requested. */
  private missing(): number | undefined {
    const [from, to] = this.wanted;
    for (let index = from; index <= to; index += 1) {
      const page = Math.floor(index / SIZE);
      if (!this.at(index) && !this.pages.get(page)?.requested) return page;
    }
    return undefined;
  }

  private async readPage(page: number): Promise<void> {
    this.page(page).requested = true;
    const found = await this.read(page * SIZE + SIZE / 2 + 1, SIZE);
    // A failed read is retried once the page is visible again; the error is shown above.
    if (!found) this.wanted = [0, -1];
    if (!found) this.page(page).requested = false;
    else this.add(found);
  }

  private put(line: Line): void {
    const index = line.line - 1;
    const page = this.page(Math.floor(index / SIZE));
    page.rows[index % SIZE] ??= { kind: "line", line };
  }

  private page(number: number): Page {
    const page = this.pages.get(number) ?? { rows: [], requested: false };
    this.pages.delete(number);
    this.pages.set(number, page); // the most recently used page is last
    return page;
  }

  private forget(): void {
    const [from, to] = this.wanted.map((index) => Math.floor(index / SIZE)) as [number, number];
    for (const number of this.pages.keys()) {
      if (this.pages.size <= this.most) return;
      if (number < from || number > to) this.pages.delete(number);
    }
  }
}
