import type { Line } from "../choice";

/** A row of the log: a line, or a separator before the lines of another attempt. */
export type Row = { kind: "line"; line: Line } | { kind: "separator"; before: Line };

/**
 * The data of the visible rows. It is not React state, because that would copy an array of thousands of lines at every
 * batch: components subscribe instead.
 */
export abstract class LogStore {
  /** The number of rows, loaded or not. */
  abstract readonly count: number;
  /** Whether the last row is the last one of the log. */
  abstract readonly atEnd: boolean;
  /** The number of lines that arrived since the log was opened. */
  arrived = 0;
  /** The first and the last number of these lines; 0 while there are none. */
  arrivedFrom = 0;
  arrivedTo = 0;
  complete = false;
  private version = 0;
  private readonly listeners = new Set<() => void>();
  private readonly lineListeners = new Set<(lines: readonly Line[]) => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  /** The row at an index; undefined while its line is not loaded. */
  abstract at(index: number): Row | undefined;
  /** The index of a line, or of the next one after it. */
  abstract indexOf(line: number): number;
  abstract has(line: number): boolean;
  /** Whether a line may exist, as far as is known without reading. */
  abstract mayHave(line: number): boolean;
  /** Sets the visible rows: those that are missing, and rows close to them, are read. */
  abstract look(from: number, to: number): void;
  /** Loads the lines at a number, with at most one request. */
  abstract reach(line: number): Promise<void>;
  protected abstract take(lines: readonly Line[]): void;

  /** Called when the order of the attempts, by which lines may be grouped, has changed. */
  reorder(): void {}

  /** Adds lines that have just been written. */
  receive(lines: readonly Line[], complete: boolean): void {
    this.take(lines);
    for (const { line } of lines) {
      this.arrivedFrom ||= line;
      this.arrivedTo = Math.max(this.arrivedTo, line);
    }
    this.complete = complete;
    this.tell();
    for (const listener of this.lineListeners) listener(lines);
  }

  /** Calls the listener with all new lines, shown or not. */
  onLines(listener: (lines: readonly Line[]) => void): () => void {
    this.lineListeners.add(listener);
    return () => this.lineListeners.delete(listener);
  }

  /** Marks the log as incomplete again, as when a task run restarts. */
  reopen(): void {
    this.complete = false;
    this.tell();
  }

  protected tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}

/** The index of the first element that `isBefore` does not hold for, in a sorted array. */
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
