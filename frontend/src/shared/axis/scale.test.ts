import { describe, expect, it } from "vitest";
import { labelOf, percentOf, placed, rangeOf, steppedRange, ticksOf, timeAt, zoomedRange } from "./scale";

const NOON = Date.UTC(2026, 0, 14, 12);
const range = { from: NOON, to: NOON + 100_000 };

describe("the axis", () => {
  it("converts times to percent and back", () => {
    expect(percentOf(NOON + 25_000, range)).toBe(25);
    expect(timeAt(25, range)).toBe(NOON + 25_000);
  });

  it("of an execution without duration still has a length", () => {
    const { from, to } = rangeOf(NOON, NOON);
    expect(to).toBeGreaterThan(from);
    expect(Number.isFinite(percentOf(NOON, { from, to }))).toBe(true);
  });

  it("leaves a margin after the last end", () => {
    expect(percentOf(NOON + 60_000, rangeOf(NOON, NOON + 60_000))).toBeLessThan(100);
  });

  it.each([0, 1, 9, 10, 11, 60, 3600, 86_400])("after %i s has room to grow", (seconds) => {
    const until = NOON + seconds * 1000;
    const percent = percentOf(until, steppedRange(NOON, until));
    expect(percent).toBeLessThan(77.1);
    if (seconds > 10) expect(percent).toBeGreaterThan(58);
  });

  it("grows in steps: within one it does not change", () => {
    const steps = new Set(
      Array.from({ length: 600 }, (_, second) => steppedRange(NOON, NOON + second * 1000).to),
    );
    expect(steps.size).toBeLessThan(20);
  });
});

describe("a segment", () => {
  const segment = (from: number, to: number | null) => ({
    kind: "good" as const,
    from: NOON + from * 1000,
    to: to === null ? null : NOON + to * 1000,
  });
  it.each([
    [segment(10, 30), { left: 10, width: 20 }],
    [segment(-10, 30), { left: 0, width: 30 }],
    [segment(90, 130), { left: 90, width: 10 }],
    [segment(5, 5), { left: 5, width: 0 }],
    [segment(20, null), { left: 20, width: Number.NaN }],
    [segment(-20, null), { left: 0, width: Number.NaN }],
    [segment(-20, -10), undefined],
    [segment(110, 120), undefined],
    [segment(110, null), undefined],
  ])("%# is at its times, clipped at the edges", (given, place) =>
    expect(placed(given, range)).toEqual(place),
  );
});

describe("ticks", () => {
  const labels = (span: number, width = 300) =>
    ticksOf({ from: NOON, to: NOON + span }, width, "utc").map(({ label }) => label);

  it.each([
    [240_000, ["12:00", "12:01", "12:02", "12:03", "12:04"]],
    [60_000, ["12:00:00", "12:00:15", "12:00:30", "12:00:45", "12:01:00"]],
    [2_000, ["00:00.0", "00:00.5", "00:01.0", "00:01.5", "00:02.0"]],
    [7_200_000, ["12:00", "12:30", "13:00", "13:30", "14:00"]],
  ])("of %i ms are at round times", (span, expected) => expect(labels(span)).toEqual(expected));

  it.each([1, 17, 450, 1000, 5400, 86_400, 900_000, 40_000_000])("of %i s do not touch", (seconds) => {
    const ticks = ticksOf({ from: NOON + 777, to: NOON + 777 + seconds * 1000 }, 300, "utc");
    const gaps = ticks.slice(1).map(({ left }, index) => ((left - ticks[index]!.left) * 300) / 100);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(67.9);
    expect(ticks.length).toBeGreaterThan(0);
  });

  it("are labelled as precisely as their distance requires", () => {
    expect(labelOf(NOON + 1234, 1, "utc")).toBe("00:01.234");
    expect(labelOf(NOON + 1234, 10, "utc")).toBe("00:01.23");
    expect(labelOf(NOON, 86_400_000, "utc")).toBe("Jan 14");
    expect(labelOf(NOON + 43_200_000, 21_600_000, "utc")).toBe("Jan 15");
  });
});

describe("zooming in", () => {
  const whole = { from: 0, to: 8000 };
  it.each([
    ["closer in the middle", whole, 4000, 0.5, { from: 2000, to: 6000 }],
    ["closer at the start stays within", whole, 100, 0.5, { from: 0, to: 4000 }],
    ["closer at the end stays within", whole, 8000, 0.5, { from: 4000, to: 8000 }],
    ["elsewhere", { from: 0, to: 1000 }, 5000, 1, { from: 4500, to: 5500 }],
    ["no closer than the minimum", { from: 0, to: 200 }, 100, 0.5, { from: 0, to: 200 }],
    ["wider", { from: 2000, to: 4000 }, 3000, 2, { from: 1000, to: 5000 }],
    ["as wide as all", { from: 2000, to: 6000 }, 4000, 2, null],
  ])("%s", (_, range, around, factor, shown) =>
    expect(zoomedRange(range, whole, around, factor)).toEqual(shown),
  );
});
