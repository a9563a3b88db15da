import type { ExecutionRowFragment, ExecutionsLiveSubscription } from "@/shared/graphql/gen/graphql";
import { newer } from "@/shared/lib/newer";
import { isEnded } from "@/shared/ui/stateTokens";

export type Row = ExecutionRowFragment;
export type Change = ExecutionsLiveSubscription["executionList"];

/** The rows of the list. Newest first is by id, because ids contain the time of creation. */
export type Rows = {
  loaded: boolean;
  byId: ReadonlyMap<string, Row>;
  /** The rows on the screen, in their order until the list is settled. */
  shown: readonly string[];
  /** New rows that belong above or among the shown ones, deferred while the order is frozen. */
  held: readonly string[];
  /** The number of further new rows that were dropped because they exceed the window. */
  passed: number;
  /** Rows that are shown but no longer match: dimmed until settled. */
  gone: ReadonlySet<string>;
  /** The rows of the subscription, in its order. */
  window: readonly string[];
  live: ReadonlySet<string>;
  /** Rows below the window: older pages, and rows pushed out of it, in the state in which they were read. */
  tail: readonly string[];
  total: { value: number; exact: boolean };
  /** The number of rows below the window that were requested: settling cuts the tail to it. */
  room: number;
};

/** Ids of executions that the viewer has started: they are never deferred. */
type Own = ReadonlySet<string>;
const NONE: Own = new Set();

export type RowsAction =
  | { type: "changed"; change: Change; hold: boolean; window: number; sorted?: boolean; own?: Own }
  | { type: "admitted"; own: Own; sorted?: boolean }
  | { type: "older"; rows: readonly Row[]; sorted?: boolean }
  | { type: "reread"; requested: readonly string[]; rows: readonly Row[] }
  | { type: "settled"; sorted?: boolean }
  | { type: "shortened" };

export const NO_ROWS: Rows = {
  loaded: false,
  byId: new Map(),
  shown: [],
  held: [],
  passed: 0,
  gone: new Set(),
  window: [],
  live: new Set(),
  tail: [],
  total: { value: 0, exact: true },
  room: 0,
};

export function foldRows(rows: Rows, action: RowsAction): Rows {
  switch (action.type) {
    case "changed":
      return changed(rows, action);
    case "admitted":
      return rows.held.some((id) => action.own.has(id))
        ? placed(rows, true, action.sorted ?? false, action.own)
        : rows;
    case "older":
      return older(rows, action.rows, action.sorted ?? false);
    case "reread":
      return reread(rows, action.requested, action.rows);
    case "settled":
      return settled(rows, action.sorted ?? false);
    case "shortened":
      return rows.tail.length ? settled({ ...rows, tail: [], room: 0 }, true) : rows;
  }
}

type Changed = Extract<RowsAction, { type: "changed" }>;

function changed(rows: Rows, { change, hold, window: size, sorted = false, own = NONE }: Changed): Rows {
  const byId = new Map(rows.byId);
  // After a reset the server's rows count even with a lower seq: it may have been restored.
  const known = (id: string) => (change.reset ? undefined : byId.get(id));
  for (const row of [...change.enter.map(({ node }) => node), ...change.update])
    byId.set(row.id, newer(known(row.id), row));
  const next = { ...rows, loaded: true, byId, total: change.totalCount };
  if (!change.reset && !change.enter.length && !change.leave.length) return { ...next, gone: rows.gone };

  const gone = goneAfter(rows.gone, change);
  const window = windowAfter(rows.window, change, sorted);
  const live = new Set(window);
  if (change.reset) for (const id of missing(rows, window, size, sorted)) gone.add(id);
  const pushed = [...rows.window, ...rows.tail].filter((id) => !live.has(id) && !gone.has(id));
  const visible = new Set(rows.shown);
  const unseen = pushed.filter((id) => !visible.has(id)).slice(rows.room);
  for (const id of unseen) byId.delete(id);
  const tail = unseen.length ? pushed.filter((id) => byId.has(id)) : pushed;
  const passed = rows.passed + unseen.length;
  const stay = new Set([...gone].filter((id) => visible.has(id)));
  return placed({ ...next, window, live, tail, passed, gone: stay }, hold && rows.loaded, sorted, own);
}

function goneAfter(before: ReadonlySet<string>, change: Change): Set<string> {
  const entering = new Set(change.enter.map(({ node }) => node.id));
  const gone = new Set([...before].filter((id) => !entering.has(id)));
  for (const { id, reason } of change.leave)
    if (!entering.has(id) && (reason === "NO_LONGER_MATCHES" || reason === "DELETED")) gone.add(id);
  return gone;
}

/** The server's list after a change: at a reset its rows, else each one before the row that it names. */
function windowAfter(before: readonly string[], change: Change, sorted: boolean): string[] {
  const left = new Set(change.leave.map(({ id }) => id));
  const entering = new Set(change.enter.map(({ node }) => node.id));
  const window = change.reset ? [] : before.filter((id) => !left.has(id) && !entering.has(id));
  for (const { node, before: next } of change.enter) {
    const at = next && !change.reset ? window.indexOf(next) : -1;
    window.splice(at < 0 ? window.length : at, 0, node.id);
  }
  return sorted ? window : newestFirst(window);
}

/** After a reset: rows that the new window would contain if they still matched. In other orders only a window that is not full shows this. */
function missing(rows: Rows, window: readonly string[], size: number, sorted: boolean): string[] {
  const isFull = window.length >= size;
  if (isFull && sorted) return [];
  const oldest = isFull ? window.at(-1)! : "";
  const there = new Set(window);
  return [...rows.shown, ...rows.held].filter((id) => !there.has(id) && id > oldest);
}

/** Inserts new rows below the last shown one, which moves nothing; defers others while the order is frozen, except own ones. */
function placed(rows: Rows, hold: boolean, sorted: boolean, own: Own): Rows {
  const wanted = inOrder([...rows.window, ...rows.tail], sorted);
  if (!hold) return { ...rows, held: [], passed: 0, shown: woven(wanted, rows.shown, rows.gone) };
  const visible = new Set(rows.shown);
  const last = wanted.findLastIndex((id) => visible.has(id));
  const isHeld = (id: string, at: number) => at <= last && !visible.has(id);
  const held = wanted.filter((id, at) => isHeld(id, at) && !own.has(id));
  const entering = wanted.filter((id, at) => !visible.has(id) && (at > last || own.has(id)));
  return { ...rows, held, shown: entered(rows.shown, entering, wanted) };
}

/** Inserts rows, each above the next row below it that is already shown; shown rows keep their order. */
function entered(shown: readonly string[], entering: readonly string[], wanted: readonly string[]) {
  if (!entering.length) return shown;
  const next = [...shown];
  for (const id of entering.toReversed()) {
    const below = new Set(wanted.slice(wanted.indexOf(id) + 1));
    const at = next.findIndex((one) => below.has(one));
    next.splice(at < 0 ? next.length : at, 0, id);
  }
  return next;
}

/** The wanted rows, and among them the removed ones, each below the row that it was below. */
function woven(wanted: readonly string[], before: readonly string[], gone: ReadonlySet<string>): string[] {
  if (!gone.size) return [...wanted];
  const there = new Set(wanted);
  const after = new Map<string, string[]>();
  let anchor = "";
  for (const id of before) {
    if (there.has(id)) anchor = id;
    else if (gone.has(id)) after.set(anchor, [...(after.get(anchor) ?? []), id]);
  }
  return [...(after.get("") ?? []), ...wanted.flatMap((id) => [id, ...(after.get(id) ?? [])])];
}

function older(rows: Rows, page: readonly Row[], sorted: boolean): Rows {
  const byId = new Map(rows.byId);
  for (const row of page) byId.set(row.id, newer(byId.get(row.id), row));
  const known = new Set([...rows.window, ...rows.tail, ...rows.shown, ...rows.held]);
  const fresh = page.map((row) => row.id).filter((id) => !known.has(id));
  const tail = inOrder([...rows.tail, ...fresh], sorted);
  return {
    ...rows,
    byId,
    tail,
    shown: inOrder([...rows.shown, ...fresh], sorted),
    room: rows.room + page.length,
  };
}

/** Updates rows of the tail in place; requested rows that were not found are marked as gone. */
function reread(rows: Rows, requested: readonly string[], found: readonly Row[]): Rows {
  const there = new Set(found.map((row) => row.id));
  const tail = new Set(rows.tail);
  const visible = new Set(rows.shown);
  const lost = requested.filter(
    (id) => tail.has(id) && visible.has(id) && !there.has(id) && !rows.gone.has(id),
  );
  const fresh = found.filter((row) => rows.byId.has(row.id));
  if (!lost.length && !fresh.length) return rows;
  const byId = new Map(rows.byId);
  for (const row of fresh) byId.set(row.id, newer(byId.get(row.id), row));
  return { ...rows, byId, gone: new Set([...rows.gone, ...lost]) };
}

/** Rows of the tail, which no subscription follows: all, or those that have not ended. */
export function staleOf(rows: Rows, all: boolean): string[] {
  return rows.tail.filter((id) => {
    const row = rows.byId.get(id);
    return row && !rows.gone.has(id) && (all || !isEnded(row.state));
  });
}

/** Inserts deferred rows; removes those that no longer match, and rows below the window that were not requested. */
function settled(rows: Rows, sorted: boolean): Rows {
  const tail = rows.tail.filter((id) => !rows.gone.has(id)).slice(0, rows.room);
  const shown = inOrder([...rows.window, ...tail], sorted);
  if (!rows.gone.size && shown.length === rows.shown.length && shown.every((id, at) => id === rows.shown[at]))
    return rows;
  const byId = new Map(shown.map((id) => [id, rows.byId.get(id)!]));
  return { ...rows, shown, byId, tail, held: [], passed: 0, gone: new Set() };
}

function inOrder(ids: readonly string[], sorted: boolean): readonly string[] {
  return sorted ? ids : newestFirst(ids);
}

function newestFirst(ids: readonly string[]): string[] {
  return [...ids].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
}
