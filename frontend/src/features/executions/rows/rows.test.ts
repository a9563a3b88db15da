import { describe, expect, it } from "vitest";
import { type Change, foldRows, NO_ROWS, type Row, type Rows, staleOf } from "./rows";

function row(id: string, seq = 1, over: Partial<Row> = {}): Row {
  return {
    id,
    seq,
    name: `name ${id}`,
    namespace: "acme",
    flowKey: "etl",
    kind: "flow",
    state: "RUNNING",
    progress: 0,
    createdAt: "2026-01-01T00:00:00Z",
    startedAt: null,
    endedAt: null,
    idle: 0,
    idleSince: null,
    duration: null,
    createdBy: { kind: "USER", name: "admin" },
    labels: [],
    triggerKind: "MANUAL",
    git: null,
    revision: null,
    values: {},
    failure: null,
    ...over,
  };
}

type Given = {
  reset?: boolean;
  enter?: Row[];
  update?: Row[];
  leave?: [string, Change["leave"][number]["reason"]][];
};

function message({ reset = false, enter = [], update = [], leave = [] }: Given): Change {
  return {
    reset,
    cursor: "c",
    enter: enter.map((node) => ({ node, before: null })),
    update,
    leave: leave.map(([id, reason]) => ({ id, reason })),
    totalCount: { value: 7, exact: true },
  };
}

const WINDOW = 3;
const free = (rows: Rows, given: Given) =>
  foldRows(rows, { type: "changed", change: message(given), hold: false, window: WINDOW });
const frozen = (rows: Rows, given: Given) =>
  foldRows(rows, { type: "changed", change: message(given), hold: true, window: WINDOW });
const settle = (rows: Rows) => foldRows(rows, { type: "settled" });
const start = free(NO_ROWS, { reset: true, enter: [row("e5"), row("e4"), row("e3")] });

describe("the first window", () => {
  it("is shown at once, even with the pointer on the list", () => {
    const rows = frozen(NO_ROWS, { reset: true, enter: [row("e2"), row("e1")] });
    expect(rows.shown).toEqual(["e2", "e1"]);
    expect(rows.held).toEqual([]);
    expect(rows.loaded).toBe(true);
    expect(rows.total).toEqual({ value: 7, exact: true });
  });
  it("can be empty", () => expect(free(NO_ROWS, { reset: true })).toMatchObject({ loaded: true, shown: [] }));
});

describe("entering", () => {
  it("inserts a row at its place when nothing is held", () => {
    expect(free(start, { enter: [row("e6")] }).shown).toEqual(["e6", "e5", "e4", "e3"]);
  });
  it("is deferred while held, newest first", () => {
    const rows = frozen(frozen(start, { enter: [row("e6")] }), { enter: [row("e7")] });
    expect(rows.shown).toEqual(start.shown);
    expect(rows.held).toEqual(["e7", "e6"]);
  });
  it("is deferred too when its place is between shown rows", () => {
    expect(frozen(start, { enter: [row("e45")] })).toMatchObject({ shown: start.shown, held: ["e45"] });
  });
  it("is immediate below the last row, where it moves nothing", () => {
    expect(frozen(start, { enter: [row("e1")] })).toMatchObject({
      shown: ["e5", "e4", "e3", "e1"],
      held: [],
    });
  });
  it("inserts deferred rows with the next batch that is not held", () => {
    const rows = free(frozen(start, { enter: [row("e6")] }), { enter: [row("e7")] });
    expect(rows).toMatchObject({ shown: ["e7", "e6", "e5", "e4", "e3"], held: [] });
  });
  it("does not duplicate a row that is shown or held", () => {
    const rows = frozen(frozen(start, { enter: [row("e6")] }), { enter: [row("e6", 2), row("e5", 2)] });
    expect(rows).toMatchObject({ shown: start.shown, held: ["e6"] });
    expect(rows.byId.get("e6")!.seq).toBe(2);
  });
  it("restores a dimmed row that matches again", () => {
    const rows = free(frozen(start, { leave: [["e4", "NO_LONGER_MATCHES"]] }), { enter: [row("e4", 3)] });
    expect(rows.gone.size).toBe(0);
    expect(rows.shown).toEqual(start.shown);
  });
});

describe("updating", () => {
  it("changes a shown row in place, also while held", () => {
    const rows = frozen(start, { update: [row("e4", 2, { state: "SUCCESS" })] });
    expect(rows.shown).toEqual(start.shown);
    expect(rows.byId.get("e4")!.state).toBe("SUCCESS");
  });
  it("never lets an older state overwrite a newer one", () => {
    const rows = free(free(start, { update: [row("e4", 5, { state: "SUCCESS" })] }), {
      update: [row("e4", 4)],
    });
    expect(rows.byId.get("e4")!).toMatchObject({ seq: 5, state: "SUCCESS" });
  });
  it("keeps the identity of other rows, so that they are not rendered again", () => {
    expect(free(start, { update: [row("e4", 2)] }).byId.get("e5")).toBe(start.byId.get("e5"));
  });
});

describe("leaving", () => {
  it.each(["NO_LONGER_MATCHES", "DELETED"] as const)("%s dims the row and keeps its place", (reason) => {
    const rows = free(start, { leave: [["e4", reason]] });
    expect(rows.shown).toEqual(start.shown);
    expect([...rows.gone]).toEqual(["e4"]);
    expect(settle(rows).shown).toEqual(["e5", "e3"]);
  });
  it("drops a row that left before it was shown", () => {
    const rows = frozen(frozen(start, { enter: [row("e6")] }), { leave: [["e6", "NO_LONGER_MATCHES"]] });
    expect(rows).toMatchObject({ held: [], shown: start.shown });
    expect(rows.gone.size).toBe(0);
  });
  it("the window keeps the row until settled, but not live", () => {
    const rows = free(start, { enter: [row("e6")], leave: [["e3", "BEYOND_WINDOW"]] });
    expect(rows.shown).toEqual(["e6", "e5", "e4", "e3"]);
    expect(rows.live.has("e3")).toBe(false);
    expect(settle(rows).shown).toEqual(["e6", "e5", "e4"]);
  });
  it("and entering in one message is a move", () => {
    const rows = free(start, { leave: [["e4", "MOVED"]], enter: [row("e4", 2)] });
    expect(rows.shown).toEqual(start.shown);
    expect(rows.live.has("e4")).toBe(true);
    expect(rows.gone.size).toBe(0);
  });
});

describe("a reset after a gap", () => {
  it("updates rows, holds new ones and dims missing ones", () => {
    const rows = frozen(start, { reset: true, enter: [row("e7"), row("e5", 2), row("e3")] });
    expect(rows).toMatchObject({ shown: start.shown, held: ["e7"] });
    expect([...rows.gone]).toEqual(["e4"]);
    expect(rows.byId.get("e5")!.seq).toBe(2);
  });
  it("accepts rows from the server even with a lower seq", () => {
    const known = free(start, { update: [row("e5", 9, { state: "SUCCESS" })] });
    const rows = free(known, { reset: true, enter: [row("e5", 4), row("e4"), row("e3")] });
    expect(rows.byId.get("e5")).toMatchObject({ seq: 4, state: "RUNNING" });
  });
  it("does not dim rows that are older than a full window", () => {
    const rows = free(start, { reset: true, enter: [row("e9"), row("e8"), row("e7")] });
    expect(rows.gone.size).toBe(0);
    expect([...rows.live]).toEqual(["e9", "e8", "e7"]);
    expect(settle(rows).shown).toEqual(["e9", "e8", "e7"]);
  });
  it("dims all missing rows when the window is not full", () => {
    const rows = free(start, { reset: true, enter: [row("e5", 2)] });
    expect([...rows.gone].sort()).toEqual(["e3", "e4"]);
  });
  it("drops deferred rows that no longer exist", () => {
    const rows = frozen(frozen(start, { enter: [row("e6")] }), {
      reset: true,
      enter: [row("e5"), row("e4")],
    });
    expect(rows.held).toEqual([]);
  });
});

describe("many new rows", () => {
  /** Rows one after the other, each pushing the last one out of the window. */
  const arriving = (rows: Rows, count: number, fold: typeof free) => {
    let next = rows;
    for (let at = 0; at < count; at += 1)
      next = fold(next, { enter: [row(`f${1000 + at}`)], leave: [[next.window.at(-1)!, "BEYOND_WINDOW"]] });
    return next;
  };
  it("are counted while held, and only those of the window are kept", () => {
    const rows = arriving(start, 500, frozen);
    expect(rows.shown).toEqual(start.shown);
    expect(rows.held.length + rows.passed).toBe(500);
    expect(rows.held).toEqual(["f1499", "f1498", "f1497"]);
    expect(rows.byId.size).toBe(6);
    expect(settle(rows)).toMatchObject({ shown: ["f1499", "f1498", "f1497"], passed: 0, tail: [] });
  });
  it("push out older rows that were not requested, without a gap", () => {
    const paged = foldRows(start, { type: "older", rows: [row("e2"), row("e1")] });
    const rows = settle(arriving(paged, 500, free));
    expect(rows.shown).toEqual(["f1499", "f1498", "f1497", "f1496", "f1495"]);
    expect(rows.byId.size).toBe(5);
    const held = arriving(paged, 500, frozen);
    expect(held.shown).toEqual(paged.shown);
    expect(held.byId.size).toBe(10);
    expect(settle(held).shown).toHaveLength(5);
  });
});

describe("an execution that the viewer started", () => {
  const own = new Set(["e6"]);
  const change = (enter: Row[]) => message({ enter });
  it("is inserted at its place while others are deferred", () => {
    const rows = foldRows(start, {
      type: "changed",
      change: change([row("e7"), row("e6"), row("e45")]),
      hold: true,
      window: WINDOW,
      own,
    });
    expect(rows).toMatchObject({ shown: ["e6", "e5", "e4", "e3"], held: ["e7", "e45"] });
    expect(settle(rows).shown).toEqual(["e7", "e6", "e5", "e45", "e4", "e3"]);
  });
  it("is inserted too when its row arrived before the start was confirmed", () => {
    const rows = frozen(start, { enter: [row("e7"), row("e6")] });
    expect(foldRows(rows, { type: "admitted", own })).toMatchObject({
      shown: ["e6", "e5", "e4", "e3"],
      held: ["e7"],
    });
    expect(foldRows(start, { type: "admitted", own })).toBe(start);
  });
});

describe("older pages", () => {
  const paged = foldRows(start, {
    type: "older",
    rows: [row("e3", 0, { name: "old" }), row("e2"), row("e1")],
  });
  it("are appended, without duplicates and without overwriting newer states", () => {
    expect(paged.shown).toEqual(["e5", "e4", "e3", "e2", "e1"]);
    expect(paged.byId.get("e3")!.name).toBe("name e3");
    expect(paged.live.has("e2")).toBe(false);
  });
  it("stay when the list is settled, and so do rows pushed beyond the window", () => {
    const rows = settle(free(paged, { enter: [row("e6")], leave: [["e3", "BEYOND_WINDOW"]] }));
    expect(rows.shown).toEqual(["e6", "e5", "e4", "e3", "e2", "e1"]);
  });
});

describe("settling", () => {
  it("changes nothing when there is nothing to settle", () => expect(settle(start)).toBe(start));
  it("inserts deferred rows and removes those that do not match", () => {
    const rows = frozen(start, { enter: [row("e6")], leave: [["e5", "NO_LONGER_MATCHES"]] });
    expect(settle(rows)).toMatchObject({ shown: ["e6", "e4", "e3"], held: [] });
    expect([...settle(rows).byId.keys()]).toEqual(["e6", "e4", "e3"]);
  });
});

describe("the rows below the window", () => {
  const paged = foldRows(start, { type: "older", rows: [row("e2"), row("e1", 1, { state: "SUCCESS" })] });
  it("are stale, in particular those that have not ended", () => {
    expect(staleOf(paged, true)).toEqual(["e2", "e1"]);
    expect(staleOf(paged, false)).toEqual(["e2"]);
  });
  it("are updated in place when they are read again, never to an older state", () => {
    const ended = row("e2", 5, { state: "SUCCESS" });
    const rows = foldRows(paged, { type: "reread", requested: ["e2"], rows: [ended, row("e9")] });
    expect(rows.byId.get("e2")).toBe(ended);
    expect(rows.shown).toBe(paged.shown);
    expect(rows.byId.has("e9")).toBe(false);
    const old = foldRows(rows, { type: "reread", requested: ["e2"], rows: [row("e2")] });
    expect(old.byId.get("e2")).toBe(ended);
  });
  it("are dimmed when they no longer match, then removed", () => {
    const rows = foldRows(paged, { type: "reread", requested: ["e2", "e1", "e4"], rows: [row("e1")] });
    expect([...rows.gone]).toEqual(["e2"]);
    expect(settle(rows).shown).toEqual(["e5", "e4", "e3", "e1"]);
  });
});

describe("in another order", () => {
  const ordered = (rows: Rows, change: Partial<Change>, hold = false) =>
    foldRows(rows, {
      type: "changed",
      change: { ...message({}), ...change },
      hold,
      window: WINDOW,
      sorted: true,
    });
  const enter = (id: string, before: string | null) => ({ node: row(id), before });
  const first = ordered(NO_ROWS, {
    reset: true,
    enter: [enter("b", "c"), enter("c", "a"), enter("a", null)],
  });
  it("rows are in the server's order", () => expect(first.shown).toEqual(["b", "c", "a"]));
  it("a new one is inserted before the row that it names", () =>
    expect(ordered(first, { enter: [enter("z", "c")] }).shown).toEqual(["b", "z", "c", "a"]));
  it("a moved one goes to its new place, deferred while held", () => {
    const change = { leave: [{ id: "a", reason: "MOVED" as const }], enter: [enter("a", "b")] };
    expect(ordered(first, change).shown).toEqual(["a", "b", "c"]);
    const held = ordered(first, change, true);
    expect(held.shown).toEqual(["b", "c", "a"]);
    expect(foldRows(held, { type: "settled", sorted: true }).shown).toEqual(["a", "b", "c"]);
  });
  it("a removed one stays dimmed in its place until settled", () => {
    const rows = ordered(first, { leave: [{ id: "c", reason: "NO_LONGER_MATCHES" }] });
    expect(rows.shown).toEqual(["b", "c", "a"]);
    expect([...rows.gone]).toEqual(["c"]);
    expect(foldRows(rows, { type: "settled", sorted: true }).shown).toEqual(["b", "a"]);
  });
  it("pages are appended, and stay", () => {
    const paged = foldRows(first, { type: "older", rows: [row("a"), row("y"), row("x")], sorted: true });
    expect(paged.shown).toEqual(["b", "c", "a", "y", "x"]);
    const pushed = ordered(paged, {
      leave: [{ id: "a", reason: "BEYOND_WINDOW" }],
      enter: [enter("q", "b")],
    });
    expect(pushed.shown).toEqual(["q", "b", "c", "a", "y", "x"]);
    expect(foldRows(pushed, { type: "shortened" }).shown).toEqual(["q", "b", "c"]);
  });
});

it("an update alone changes neither the order nor the live rows", () => {
  const rows = free(start, { update: [row("e4", 2)] });
  expect(rows.shown).toBe(start.shown);
  expect(rows.live).toBe(start.live);
});
