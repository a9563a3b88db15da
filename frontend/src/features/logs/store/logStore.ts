import type { Line } from "../choice";

/** A row of the log: a line, or where the lines of another attempt begin. */
export type Row = { kind: "line"; line: Line } | { kind: "separator"; before: Line };

/**
 * What the rows on the screen are drawn from. It is no React state, since copying an array of thousands of lines at
 * every batch would be what the page does all day: whoever draws subscribes.
 */
export abstract class LogStore {
  /** How many rows there are, loaded or not. */
  abstract readonly count: number;
  /** Whether the last row is the last of the log. */
  abstract readonly atEnd: boolean;
  /** Lines that came since the log was opened. */
  arrived = 0;
  /** The numbers of the first and the last of them; 0 while none has come. */
  arrivedFrom = 0;
  arrivedTo = 0;
  complete = false;
  private version = 0;
  private readonly listeners = new Set<() => void>();
  private readonly hearers = new Set<(lines: readonly Line[]) => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  /** The row at a place; undefined while its line is not loaded. */
  abstract at(index: number): Row | undefined;
  /** The place of a line, or of the next one after it. */
  abstract indexOf(line: number): number;
  abstract has(line: number): boolean;
  /** Whether a line may be there, as far as is known without reading. */
  abstract mayHave(line: number): boolean;
  /** Tells which rows are on the screen: what is missing there, or soon will be, is read. */
  abstract look(from: number, to: number): void;
  /** Loads the lines at a number, with one request at most. */
  abstract reach(line: number): Promise<void>;
  protected abstract take(lines: readonly Line[]): void;

  /** Told when the order of the attempts has changed, by which lines may be grouped. */
  reorder(): void {}

  /** Takes what has just been written. */
  receive(lines: readonly Line[], complete: boolean): void {
    this.take(lines);
    for (const { line } of lines) {
      this.arrivedFrom ||= line;
      this.arrivedTo = Math.max(this.arrivedTo, line);
    }
    this.complete = complete;
    this.tell();
    for (const hear of this.hearers) hear(lines);
  }

  /** Calls back with the lines that come, whether they are shown or not. */
  hear(hearer: (lines: readonly Line[]) => void): () => void {
    this.hearers.add(hearer);
    return () => this.hearers.delete(hearer);
  }

  /** Says that more may come after all, as when a task run starts again. */
  reopen(): void {
    this.complete = false;
    this.tell();
  }

  protected tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Where the first thing stands that is not before a wanted one, in an order that `isBefore` tells. */
export function lowerBound<Thing>(things: readonly Thing[], isBefore: (thing: Thing) => boolean): number {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(things[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
