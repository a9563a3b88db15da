import { describe, expect, it } from "vitest";
import {
  barsOfSpan,
  drawn,
  edgesOf,
  factsOf,
  type HistogramBar,
  spanOfBars,
  tallyOf,
  ticksOf,
  usualOf,
  within,
} from "./histogram";

const HOUR = 3_600e3;
const START = Date.parse("2026-01-14T00:00:00Z");
type Counts = Partial<Record<HistogramBar["states"][number]["state"], number>>;
const bar = (hour: number, counts: Counts = {}): HistogramBar => ({
  start: new Date(START + hour * HOUR).toISOString(),
  end: new Date(START + (hour + 1) * HOUR).toISOString(),
  total: Object.values(counts).reduce((sum, count) => sum + count, 0),
  states: Object.entries(counts).map(([state, value]) => ({
    state: state as HistogramBar["states"][number]["state"],
    count: { value, exact: true },
  })),
});
const bars = [
  bar(0),
  bar(1, { SUCCESS: 8, FAILED: 2 }),
  bar(2, { RUNNING: 1, WAITING_FOR_APPROVAL: 2 }),
  bar(3, { ERROR: 1, KILLED: 4 }),
];

it("counts failed, waiting for approval, running and other executions", () =>
  expect(tallyOf(bars)).toEqual({ failed: 3, asking: 2, active: 1, other: 12, total: 18 }));

it("describes a bar", () => {
  expect(factsOf(bars[1]!)).toBe("8 Success, 2 Failed");
  expect(factsOf(bars[0]!)).toBe("nothing");
});

describe("bars", () => {
  const shapes = drawn(bars, 400, 104);
  it("are side by side", () => expect(shapes.map((shape) => shape.x)).toEqual([0, 100, 200, 300]));
  it("have failed executions at the base", () => {
    expect(shapes[1]!.parts.map((part) => part.kind)).toEqual(["failed", "other"]);
    expect(shapes[1]!.parts[0]).toEqual({ kind: "failed", y: 84, height: 20 });
    expect(shapes[1]!.parts[1]!.y).toBeCloseTo(4);
  });
  it("have a visible minimum height", () =>
    expect(drawn([bar(0, { SUCCESS: 9999, FAILED: 1 })], 10, 100)[0]!.parts[0]!.height).toBe(1.5));
  it("can be empty", () => expect(drawn([], 100, 100)).toEqual([]));
});

describe("a span of bars", () => {
  it("lasts from the start of the first to the end of the last", () =>
    expect(spanOfBars(bars, 2, 1)).toEqual({ since: START + HOUR, until: START + 3 * HOUR }));
  it("to the newest bar has no end", () =>
    expect(spanOfBars(bars, 2, 9)).toEqual({ since: START + 2 * HOUR, until: null }));
  it("maps back to its bars", () => {
    expect(barsOfSpan(bars, spanOfBars(bars, 1, 2))).toEqual([1, 2]);
    expect(barsOfSpan(bars, { since: START + 99 * HOUR, until: null })).toBeNull();
    expect(within(bars, { since: START + 3 * HOUR, until: null })).toEqual([bars[3]]);
    expect(within(bars, null)).toEqual(bars);
  });
  it("has edges", () => {
    expect(edgesOf(bars)).toEqual({ since: START, until: START + 4 * HOUR });
    expect(edgesOf([])).toBeNull();
  });
});

describe("the usual number", () => {
  const many = [3, 1, 2, 9, 30].map((count, hour) => bar(hour, { FAILED: count }));
  it("is the median of the previous spans of the same length", () =>
    expect(usualOf(many, spanOfBars(many, 4, 4))).toEqual({ failed: 3, of: 4 }));
  it("is unknown for fewer than four", () => {
    expect(usualOf(many, spanOfBars(many, 3, 4))).toBeNull();
    expect(usualOf(many, spanOfBars(many, 3, 3))).toBeNull();
  });
});

it("labels round times", () => {
  const ticks = ticksOf({ since: START + 100, until: START + 24 * HOUR }, 1000, "utc");
  expect(ticks.map((at) => (at - START) / HOUR)).toEqual([3, 6, 9, 12, 15, 18, 21]);
  expect(ticksOf({ since: START, until: START + HOUR }, 400, "utc").map((at) => (at - START) / 60e3)).toEqual(
    [0, 15, 30, 45],
  );
});
