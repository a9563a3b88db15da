import { describe, expect, it } from "vitest";
import { curvesOf } from "./curves";
import { type Comparison, goodWay, reordered, sectionsOf } from "./sections";
import { baselineFirst, placesOf } from "./selection";

type Metric = Comparison["metrics"][number];

function comparison(over: Partial<Comparison> = {}): Comparison {
  return {
    executions: [],
    about: [],
    inputs: [],
    outputs: [],
    properties: [],
    labels: [],
    git: [],
    durations: [],
    metrics: [],
    artifacts: [],
    tasks: [],
    ...over,
  };
}

function metric(name: string, curves: readonly (readonly number[])[], over: Partial<Metric> = {}): Metric {
  const base = curves[0]!.at(-1)!;
  return {
    name,
    taskKey: null,
    tags: {},
    kind: "GAUGE",
    differs: curves.some((points) => points.at(-1) !== base),
    values: curves.map((points) => {
      const value = points.at(-1)!;
      return {
        value,
        delta: value - base,
        percent: ((value - base) / base) * 100,
        number: points.length,
        differs: value !== base,
        points: points.map((one, step) => ({ step, value: one, elapsed: step * 2 })),
      };
    }),
    ...over,
  };
}

describe("sectionsOf", () => {
  it("omits sections without data", () => expect(sectionsOf(comparison())).toEqual([]));

  it("distinguishes absent from null, and counts differences", () => {
    const values = [
      { value: null, present: true, differs: false },
      { value: null, present: false, differs: true },
    ];
    const [inputs] = sectionsOf(comparison({ inputs: [{ key: "day", differs: true, values }] }));
    expect(inputs!.note).toBe("1 of 1 input differ");
    expect(inputs!.rows[0]!.cells.map((cell) => cell.text)).toEqual(["null", "–"]);
  });

  it("marks a metric as better or worse if its name implies a direction", () => {
    const [result] = sectionsOf(comparison({ metrics: [metric("val_loss", [[0.08], [0.1], [0.07]])] }));
    const [base, worse, better] = result!.rows[0]!.cells;
    expect(base).toEqual({ text: "0.08", differs: false });
    expect(worse).toMatchObject({ tone: "worse", delta: "+0.02, 25 % worse" });
    expect(better).toMatchObject({ tone: "better", best: true });
  });

  it("marks no other metric", () => {
    const [result] = sectionsOf(comparison({ metrics: [metric("rows", [[10], [20]])] }));
    expect(result!.rows[0]!.cells[1]).toEqual({ text: "20", differs: true, delta: "+10, 100 %" });
  });

  it("puts the best value of a curve first, unless points were left out", () => {
    const curve = metric("val_loss", [
      [0.5, 0.1, 0.2],
      [0.5, 0.3, 0.05],
    ]);
    const [result] = sectionsOf(comparison({ metrics: [curve] }));
    expect(result!.rows.map((row) => row.key)).toEqual(["val_loss, best", "val_loss"]);
    expect(result!.rows[0]!.cells.map((cell) => cell.text)).toEqual(["0.1", "0.05"]);
    const thinned = { ...curve, values: curve.values.map((one) => ({ ...one, number: 4000 })) };
    expect(sectionsOf(comparison({ metrics: [thinned] }))[0]!.rows.map((row) => row.key)).toEqual([
      "val_loss",
    ]);
  });

  it("draws durations relative to the longest", () => {
    const values = [
      { value: 10, delta: null, percent: null, differs: false },
      { value: 20, delta: 10, percent: 100, differs: true },
    ];
    const [durations] = sectionsOf(comparison({ durations: [{ key: "total", differs: true, values }] }));
    expect(durations!.rows[0]).toMatchObject({ key: "whole execution" });
    expect(durations!.rows[0]!.cells.map((cell) => [cell.text, cell.bar, cell.delta])).toEqual([
      ["10s", 0.5, undefined],
      ["20s", 1, "+100 %"],
    ]);
  });

  it("distinguishes a missing task from one that did not run", () => {
    const none = { attempts: 0, states: [], duration: null, delta: null, percent: null, differs: true };
    const values = [
      { ...none, taskRuns: 0 },
      { ...none, taskRuns: 1 },
    ];
    const [tasks] = sectionsOf(comparison({ tasks: [{ key: "load", differs: true, values }] }));
    expect(tasks!.rows[0]!.cells.map((cell) => cell.text)).toEqual(["no such task", "not run"]);
  });
});

it.each([
  ["val_loss", "lower"],
  ["rmse", "lower"],
  ["accuracy", "higher"],
  ["samples_per_s", "higher"],
  ["rows", null],
  ["premaster", null],
])("%s is better %s", (name, way) => expect(goodWay(name)).toBe(way));

describe("the baseline", () => {
  it("is requested first, and its column keeps its place", () => {
    const ordered = baselineFirst(["a", "b", "c"], "c");
    expect(ordered).toEqual(["c", "a", "b"]);
    const places = placesOf(["a", "b", "c"], ordered);
    const cells = ordered.map((text) => ({ text, differs: false }));
    const [section] = reordered([{ name: "", note: "", rows: [{ key: "", differs: false, cells }] }], places);
    expect(section!.rows[0]!.cells.map((cell) => cell.text)).toEqual(["a", "b", "c"]);
  });
  it("defaults to the first one if it is not among them, and no id is requested twice", () =>
    expect(baselineFirst(["a", "b", "a"], "x")).toEqual(["a", "b"]));
});

describe("curvesOf", () => {
  const loss = metric("loss", [
    [3, 2, 1],
    [3, 2],
  ]);
  it("places values by step or by the time since the start", () => {
    expect(curvesOf(comparison({ metrics: [loss] }), "step")[0]!.lines[1]).toEqual([
      [0, 3],
      [1, 2],
    ]);
    expect(curvesOf(comparison({ metrics: [loss] }), "time")[0]!.lines[1]).toEqual([
      [0, 3],
      [2, 2],
    ]);
  });
  it("draws a counter as a running sum, unless points were left out", () => {
    const rows = metric("rows", [[10, 20, 5]], { kind: "COUNTER" });
    const [curve] = curvesOf(comparison({ metrics: [rows] }), "step");
    expect(curve!.hint).toBe("running sum");
    expect(curve!.lines[0]!.map(([, y]) => y)).toEqual([10, 30, 35]);
    const thinned = { ...rows, values: rows.values.map((one) => ({ ...one, number: 4000 })) };
    const [raw] = curvesOf(comparison({ metrics: [thinned] }), "step");
    expect(raw!.hint).toBe("");
    expect(raw!.lines[0]!.map(([, y]) => y)).toEqual([10, 20, 5]);
  });

  it("leaves out metrics with a single value", () =>
    expect(curvesOf(comparison({ metrics: [metric("rows", [[1], [2]])] }), "step")).toEqual([]));
});
