import type { ReactNode } from "react";
import type { LogStore, Row } from "../store/logStore";

/** The next scroll target: a line in the middle, or at its place if it is visible already; or the end. */
export type Goal = { line: number | "end"; unlessSeen?: boolean };
/** The first and the last visible line. */
export type Seen = { top: number; bottom: number };

export type ViewProps = {
  store: LogStore;
  goal: Goal | null;
  follow: {
    following: boolean;
    scrolled: (box: HTMLElement, hasEnd: boolean) => void;
    moved: (box: HTMLElement) => void;
  };
  draw: (row: Row | undefined, index: number) => ReactNode;
  onSeen: (seen: Seen) => void;
};

/** The line of a row, or of the next row with a line: separators and lines that are not loaded have none. */
export function lineNear(store: LogStore, index: number, step: 1 | -1): number | null {
  for (let at = index; at >= 0 && at < store.count && Math.abs(at - index) < 50; at += step) {
    const row = store.at(at);
    if (row?.kind === "line") return row.line.line;
  }
  return null;
}

/** A row's key, which stays the same while lines are inserted before it or loaded into it. */
export function keyOf(row: Row | undefined, index: number): string | number {
  if (!row) return `place ${index}`;
  return row.kind === "line" ? row.line.line : `before ${row.before.line}`;
}
