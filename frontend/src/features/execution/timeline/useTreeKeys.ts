import { type KeyboardEvent, useState } from "react";
import type { Row } from "./rows";

type Tree = {
  rows: readonly Row[];
  toggle: (id: string, open: boolean) => void;
  choose: (row: Row) => void;
  scrollTo: (index: number) => void;
};

const PAGE = 10;

/** The keys of a tree: up and down, fold and unfold, select. The cursor is a line; it may differ from the selected one. */
export function useTreeKeys({ rows, toggle, choose, scrollTo }: Tree) {
  const [cursor, setCursor] = useState<string | null>(null);
  const index = rows.findIndex(({ id }) => id === cursor);

  const to = (wanted: number, step: 1 | -1) => {
    let at = Math.max(0, Math.min(rows.length - 1, wanted));
    if (rows[at]?.kind === "label") at += at + step < 0 || at + step >= rows.length ? -step : step;
    const row = rows[at];
    if (!row) return;
    setCursor(row.id);
    scrollTo(at);
  };
  const fold = (open: boolean) => {
    const row = rows[index];
    if (!row || row.kind === "label") return;
    if (row.open === !open) return toggle(row.id, open);
    if (open) return row.open ? to(index + 1, 1) : undefined;
    const parent = rows.slice(0, index).findLastIndex((one) => one.depth < row.depth);
    if (parent >= 0) to(parent, -1);
  };
  const enter = () => {
    const row = rows[index];
    if (row) choose(row);
  };
  const moves: Record<string, () => void> = {
    ArrowDown: () => to(index + 1, 1),
    ArrowUp: () => to(index - 1, -1),
    j: () => to(index + 1, 1),
    k: () => to(index < 0 ? 0 : index - 1, -1),
    PageDown: () => to(index + PAGE, 1),
    PageUp: () => to(index - PAGE, -1),
    Home: () => to(0, 1),
    End: () => to(rows.length - 1, -1),
    ArrowRight: () => fold(true),
    ArrowLeft: () => fold(false),
    Enter: enter,
    " ": enter,
    x: () => {
      const row = rows[index];
      if (row && row.kind !== "label" && row.open !== null) toggle(row.id, !row.open);
    },
  };
  return {
    cursor: index < 0 ? null : cursor,
    setCursor,
    move: (key: string) => moves[key]?.(),
    onKeyDown: (event: KeyboardEvent) => {
      const move = moves[event.key];
      if (!move || event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey)
        return;
      event.preventDefault();
      move();
    },
  };
}
