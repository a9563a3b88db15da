import type { ExecutionRowFragment, ExecutionsLiveSubscription } from "@/shared/graphql/gen/graphql";
import { newer } from "@/shared/lib/newer";

export type Row = ExecutionRowFragment;
export type Change = ExecutionsLiveSubscription["executionList"];

/** The list as a person sees it. Newest first is by id: ids are made of the time of creation. */
export type Rows = {
  loaded: boolean;
  byId: ReadonlyMap<string, Row>;
  /** What is on the screen, in the order in which it stays until it is settled. */
  shown: readonly string[];
  /** Arrived above or among what is shown while the order is frozen. */
  held: readonly string[];
  /** Shown, but no longer matching: dimmed until settled. */
  gone: ReadonlySet<string>;
  /** Followed by the subscription; other shown rows are as they were when they were read. */
  live: ReadonlySet<string>;
  total: { value: number; exact: boolean };
  /** Pages of older rows that somebody asked for. */
  pages: number;
};

export type RowsAction =
  | { type: "changed"; change: Change; hold: boolean; window: number }
  | { type: "older"; rows: readonly Row[] }
  | { type: "settled" }
  | { type: "emptied" };

export const NO_ROWS: Rows = {
  loaded: false,
  byId: new Map(),
  shown: [],
  held: [],
  gone: new Set(),
  live: new Set(),
  total: { value: 0, exact: true },
  pages: 0,
};

export function foldRows(rows: Rows, action: RowsAction): Rows {
  switch (action.type) {
    case "changed":
      return changed(rows, action.change, action.hold, action.window);
    case "older":
      return older(rows, action.rows);
    case "settled":
      return settled(rows);
    case "emptied":
      return NO_ROWS;
  }
}

function changed(rows: Rows, change: Change, hold: boolean, window: number): Rows {
  const byId = new Map(rows.byId);
  const gone = new Set(rows.gone);
  const live = new Set(change.reset ? [] : rows.live);
  let held = rows.held;
  const learn = (row: Row) => byId.set(row.id, newer(byId.get(row.id), row));

  for (const leave of change.leave) {
    live.delete(leave.id);
    if (leave.reason === "NO_LONGER_MATCHES" || leave.reason === "DELETED") gone.add(leave.id);
  }
  for (const { node } of change.enter) {
    learn(node);
    live.add(node.id);
    gone.delete(node.id);
  }
  for (const row of change.update) learn(row);
  if (change.reset) for (const id of missing(rows, live, window)) gone.add(id);

  held = held.filter((id) => !gone.has(id));
  const known = new Set([...rows.shown, ...held]);
  const fresh = change.enter.map((entry) => entry.node.id).filter((id) => !known.has(id));
  const next = { ...rows, loaded: true, byId, gone: kept(gone, rows.shown), live, total: change.totalCount };
  return placed({ ...next, held }, fresh, hold && rows.loaded);
}

/** After a reset: shown rows that the new window would hold if they still matched. */
function missing(rows: Rows, live: ReadonlySet<string>, window: number): string[] {
  const oldest = live.size >= window ? [...live].reduce((a, b) => (a < b ? a : b)) : "";
  return [...rows.shown, ...rows.held].filter((id) => !live.has(id) && id > oldest);
}

/** New rows below the last one shown move nothing and go in at once; others wait while the order is frozen. */
function placed(rows: Rows, fresh: readonly string[], hold: boolean): Rows {
  const last = rows.shown.at(-1) ?? "";
  const waiting = hold ? fresh.filter((id) => id > last) : [];
  const at = hold ? fresh.filter((id) => id <= last) : [...rows.held, ...fresh];
  const heldNow = hold ? newestFirst([...rows.held, ...waiting]) : [];
  return { ...rows, held: heldNow, shown: at.length ? newestFirst([...rows.shown, ...at]) : rows.shown };
}

function older(rows: Rows, page: readonly Row[]): Rows {
  const byId = new Map(rows.byId);
  for (const row of page) byId.set(row.id, newer(byId.get(row.id), row));
  const known = new Set([...rows.shown, ...rows.held]);
  const fresh = page.map((row) => row.id).filter((id) => !known.has(id));
  return { ...rows, byId, shown: newestFirst([...rows.shown, ...fresh]), pages: rows.pages + 1 };
}

/** What waited comes in, what no longer matches goes; unless older pages were asked for, so do rows beyond the window. */
function settled(rows: Rows): Rows {
  if (!rows.held.length && !rows.gone.size && (rows.pages || rows.shown.length <= rows.live.size))
    return rows;
  const all = newestFirst([...rows.shown, ...rows.held]).filter((id) => !rows.gone.has(id));
  const shown = rows.pages ? all : all.filter((id) => rows.live.has(id));
  const byId = new Map(shown.map((id) => [id, rows.byId.get(id)!]));
  return { ...rows, shown, byId, held: [], gone: new Set() };
}

function newestFirst(ids: readonly string[]): string[] {
  return [...ids].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
}

function kept(ids: ReadonlySet<string>, shown: readonly string[]): ReadonlySet<string> {
  const visible = new Set(shown);
  return new Set([...ids].filter((id) => visible.has(id)));
}
