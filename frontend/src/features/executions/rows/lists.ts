import { Memory } from "@/shared/lib/memory";
import { foldRows, NO_ROWS, type Rows, type RowsAction } from "./rows";

/** The cached state of a list: its rows, and the cursors to continue from. */
export type List = {
  rows: Rows;
  /** The cursor of the subscription, and the values that its rows were read with. */
  cursor: { after: string; values: string } | null;
  /** The cursor of the next older page; null before the first. */
  next: { after: string | null; before: string | null } | null;
  exhausted: boolean;
};

const KEPT = 8;
export const NO_LIST: List = { rows: NO_ROWS, cursor: null, next: null, exhausted: false };

/** A cache of recent lists, by query: Back shows the same rows at once. */
export const lists = new Memory<List>(KEPT);

export function listOf(key: string): List {
  return lists.get(key) ?? NO_LIST;
}

export function changeList(key: string, part: Partial<List>): void {
  lists.set(key, { ...listOf(key), ...part });
}

export function foldList(key: string, action: RowsAction): void {
  const list = listOf(key);
  const rows = foldRows(list.rows, action);
  if (rows === list.rows) return;
  const end = list.rows.tail.at(-1);
  // The cursor of the next page is after the last row: without that row it would skip some.
  const isCut = end !== undefined && rows.tail.at(-1) !== end;
  lists.set(key, { ...list, rows, ...(isCut && { next: null, exhausted: false }) });
}
