import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { axisOf, barByKey, placeOf, tracksOf } from "./lanes";

const START = Date.parse("2026-01-14T02:00:00Z");
const MINUTE = 60_000;
const time = (minutes: number) => new Date(START + minutes * MINUTE).toISOString();

function ran(id: string, flowKey: string, from: number, to: number | null, namespace = "acme") {
  const endedAt = to === null ? null : time(to);
  const state = to === null ? "RUNNING" : "SUCCESS";
  return aRow({ id, flowKey, namespace, createdAt: time(from), startedAt: time(from), endedAt, state });
}

const ids = (tracks: ReturnType<typeof tracksOf>) =>
  tracks.map(({ flow, bars }) => [flow.key, ...bars.map(({ row }) => row.id)]);

describe("flows", () => {
  it("are in the order of the list, each with as many lines as ran in parallel", () => {
    const rows = [
      ran("a3", "etl", 20, 30),
      ran("b1", "sync", 5, 6),
      ran("a2", "etl", 8, 12),
      ran("a1", "etl", 0, 10),
    ];
    const tracks = tracksOf(rows, MINUTE);
    expect(ids(tracks)).toEqual([
      ["etl", "a1", "a3"],
      ["etl", "a2"],
      ["sync", "b1"],
    ]);
    expect(tracks.map(({ isFirst, isLast }) => [isFirst, isLast])).toEqual([
      [true, false],
      [false, true],
      [true, true],
    ]);
  });
  it("keep a line free after a running bar, and separate bars that would touch", () => {
    expect(ids(tracksOf([ran("2", "etl", 90, 91), ran("1", "etl", 0, null)], MINUTE))).toHaveLength(2);
    expect(ids(tracksOf([ran("2", "etl", 2, 3), ran("1", "etl", 0, 1)], MINUTE))).toHaveLength(1);
    expect(ids(tracksOf([ran("2", "etl", 2, 3), ran("1", "etl", 0, 1)], 2 * MINUTE))).toHaveLength(2);
  });
  it("count failures, and show the namespace where two have the same key", () => {
    const failure = { message: "no", fingerprint: "f", others: 0, skippedCount: 0, taskRun: null };
    const rows = [
      { ...ran("1", "etl", 0, 1), failure },
      ran("2", "etl", 4, 5),
      ran("3", "sync", 0, 1),
      ran("4", "sync", 0, 1, "other"),
    ];
    expect(tracksOf(rows, 1).map(({ flow }) => flow)).toMatchObject([
      { key: "etl", count: 2, failed: 1, isAmbiguous: false },
      { namespace: "acme", key: "sync", failed: 0, isAmbiguous: true },
      { namespace: "other", key: "sync", isAmbiguous: true },
    ]);
  });
  it("with many lines have low lines", () => {
    const rows = Array.from({ length: 9 }, (_, at) => ran(String(at), "etl", 0, 5));
    expect(tracksOf(rows, 1).every(({ isDense }) => isDense)).toBe(true);
    expect(tracksOf(rows.slice(1), 1).some(({ isDense }) => isDense)).toBe(false);
  });
});

describe("the axis", () => {
  it("of ended executions is from the first start to the last end", () => {
    const { from, to, lasts } = axisOf(
      [ran("1", "etl", 0, 10), ran("2", "etl", 5, 60)],
      START + 900 * MINUTE,
    );
    expect(from).toBe(START);
    expect(to / MINUTE).toBeCloseTo(START / MINUTE + 60.9, 3);
    expect(lasts).toBe(false);
  });
  it("extends to a round time after now while one runs, and does not change until then", () => {
    const rows = [ran("1", "etl", 0, null)];
    const { to } = axisOf(rows, START + 60 * MINUTE);
    expect((to - START) / MINUTE).toBe(70);
    expect(axisOf(rows, START + 64 * MINUTE).to).toBe(to);
    expect(axisOf(rows, START + 65 * MINUTE).to).toBeGreaterThan(to);
  });
});

describe("a key", () => {
  const tracks = tracksOf(
    [
      ran("a1", "etl", 0, 1),
      ran("a2", "etl", 10, 11),
      ran("a3", "etl", 20, 21),
      ran("b1", "sync", 4, 5),
      ran("b2", "sync", 18, 19),
    ],
    1,
  );
  it.each([
    ["a2", "ArrowRight", "a3"],
    ["a3", "ArrowRight", "a3"],
    ["a2", "ArrowLeft", "a1"],
    ["a3", "Home", "a1"],
    ["a1", "End", "a3"],
    ["a3", "ArrowDown", "b2"],
    ["a1", "ArrowDown", "b1"],
    ["b2", "ArrowUp", "a3"],
    ["b2", "ArrowDown", "b2"],
    ["a1", "x", undefined],
  ])("from %s by %s leads to %s", (from, key, to) =>
    expect(barByKey(tracks, placeOf(tracks, from)!, key)?.row.id).toBe(to),
  );
});
