import type { ReactNode } from "react";
import type { LogStore, Row } from "../store/logStore";

/** What to show next: a line in the middle, or where it is if it is on the screen already; or the end. */
export type Goal = { line: number | "end"; unlessSeen?: boolean };
/** The first and the last line on the screen. */
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

/** The line of a row, or of the next one that has one: separators and lines that are not loaded have none. */
export function lineNear(store: LogStore, index: number, step: 1 | -1): number | null {
  for (let at = index; at >= 0 && at < store.count && Math.abs(at - index) < 50; at += step) {
    const row = store.at(at);
    if (row?.kind === "line") return row.line.line;
  }
  return null;
}

/** What keeps its identity while lines are put in front of it or loaded into it. */
export function keyOf(row: Row | undefined, index: number): string | number {
  if (!row) return `place ${index}`;
  return row.kind === "line" ? row.line.line : `before ${row.before.line}`;
}
