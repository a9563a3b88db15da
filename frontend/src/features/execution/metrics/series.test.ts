import { describe, expect, it, vi } from "vitest";
import { firstChoice, type MetricRow, MetricStore, pointsOf, summaryOf, usualAxis } from "./series";

const ALL = { task: undefined, attempt: undefined };

function row(name: string, value: number, over: Partial<MetricRow> = {}): MetricRow {
  return {
    id: `${name}/${value}/${over.step ?? ""}/${over.attempt ?? ""}`,
    name,
    value,
    kind: "GAUGE",
    step: null,
    tags: {},
    at: "2026-01-14T02:00:10Z",
    taskRunId: "run_train",
    taskKey: "train",
    attempt: 1,
    ...over,
  };
}

function seriesOf(...rows: MetricRow[]) {
  const store = new MetricStore();
  store.add(rows);
  return store.list(ALL);
}

describe("MetricStore", () => {
  it("adds each metric once, even if a resumed stream repeats it", () => {
    const store = new MetricStore();
    const listener = vi.fn();
    store.subscribe(listener);
    store.add([row("loss", 2), row("loss", 3)]);
    store.add([row("loss", 3)]);
    expect(store.list(ALL)[0]!.rows.map((one) => one.value)).toEqual([2, 3]);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("keeps the order of measurement, whatever the order of arrival", () => {
    const at = (second: string, step: number | null, id: string, value: number) =>
      row("rows", value, { at: `2026-01-14T02:00:${second}Z`, step, id, kind: "COUNTER" });
    const rows = [
      at("10", null, "metr_9", 1),
      at("10", 9, "metr_8", 2),
      at("10", 10, "metr_1", 4),
      at("10", 10, "metr_2", 8),
      at("10.500000", 3, "metr_0", 16),
    ];
    const store = new MetricStore();
    for (const one of [4, 2, 0, 3, 1]) store.add([rows[one]!]);
    const [series] = store.list(ALL);
    expect(series!.rows.map(({ value }) => value)).toEqual([1, 2, 4, 8, 16]);
    expect(summaryOf({ ...series!, kind: "GAUGE" }).headline).toBe("16");
    expect(pointsOf(series!, "time", null).map(([, sum]) => sum)).toEqual([1, 3, 7, 15, 31]);
    expect(seriesOf(...rows.toReversed())).toEqual([series]);
  });

  it("keeps tasks, names and tags apart, whatever the order of the tags", () => {
    const series = seriesOf(
      row("rows", 1, { tags: { part: "train", fold: 1 } }),
      row("rows", 2, { tags: { fold: 1, part: "train" } }),
      row("rows", 3, { tags: { part: "test" } }),
      row("rows", 4, { taskKey: "other" }),
    );
    expect(series.map((one) => [one.taskKey, one.tags, one.rows.length])).toEqual([
      ["other", "", 1],
      ["train", "fold=1, part=train", 2],
      ["train", "part=test", 1],
    ]);
  });

  it("returns the metrics of its iterations for a foreach", () => {
    const store = new MetricStore();
    for (const taskKey of ["each[0].fit", "each[1].fit", "each_more"])
      store.add([row(taskKey, 1, { taskKey })]);
    const found = store.list({ task: "each", attempt: undefined });
    expect(found.map(({ taskKey }) => taskKey)).toEqual(["each[0].fit", "each[1].fit"]);
  });

  it("filters by task run and by attempt", () => {
    const store = new MetricStore();
    store.add([row("loss", 3), row("loss", 2, { attempt: 2 }), row("rows", 1, { taskKey: "prepare" })]);
    expect(store.list({ task: "train", attempt: undefined })[0]!.rows).toHaveLength(2);
    expect(store.list({ task: "train", attempt: 2 })[0]!.rows.map((one) => one.value)).toEqual([2]);
    expect(store.list({ task: "none", attempt: undefined })).toEqual([]);
  });
});

describe("summaryOf", () => {
  it.each([
    ["GAUGE", "3", "last"],
    ["COUNTER", "5", "sum"],
    ["DURATION", "5.0s", "total"],
  ] as const)("of a %s is %s, its %s", (kind, headline, means) => {
    const [series] = seriesOf(row("x", 2, { kind }), row("x", 3, { kind }));
    expect(summaryOf(series!)).toMatchObject({ headline, means, count: 2 });
  });
});

describe("pointsOf", () => {
  it("positions values by step, and leaves out values without one", () => {
    const [series] = seriesOf(row("x", 3, { step: 1 }), row("x", 2));
    expect(pointsOf(series!, "step", null)).toEqual([[1, 3]]);
  });
  it("positions values by the seconds since the start", () => {
    const [series] = seriesOf(row("x", 3));
    expect(pointsOf(series!, "time", "2026-01-14T02:00:00Z")).toEqual([[10, 3]]);
  });
  it("sums up a counter", () => {
    const [series] = seriesOf(
      row("x", 3, { kind: "COUNTER", step: 1 }),
      row("x", 2, { kind: "COUNTER", step: 2 }),
    );
    expect(pointsOf(series!, "step", null)).toEqual([
      [1, 3],
      [2, 5],
    ]);
  });
  it("sums up a counter from left to right, even if a later step was measured first", () => {
    const [series] = seriesOf(
      row("x", 3, { kind: "COUNTER", step: 2, at: "2026-01-14T02:00:01Z" }),
      row("x", 2, { kind: "COUNTER", step: 1, at: "2026-01-14T02:00:02Z" }),
    );
    expect(pointsOf(series!, "step", null)).toEqual([
      [1, 2],
      [2, 5],
    ]);
  });
});

it("uses the axis that most of the curves have", () => {
  const stepped = seriesOf(row("a", 1, { step: 1 }), row("b", 1, { step: 1 }), row("c", 1));
  expect(usualAxis(stepped)).toBe("step");
  expect(usualAxis(seriesOf(row("a", 1), row("b", 1), row("c", 1, { step: 1 })))).toBe("time");
});

it("draws metrics with enough values first", () => {
  const series = seriesOf(row("a", 1), row("b", 1), row("b", 2));
  expect(firstChoice(series, 5)).toEqual([series[1]!.key]);
});

it("draws curves of one kind, which share a scale", () => {
  const counter = { kind: "COUNTER" } as const;
  const series = seriesOf(row("a", 1, counter), row("a", 2, counter), row("b", 1), row("b", 2));
  expect(firstChoice(series, 5)).toEqual([series[1]!.key]);
  expect(firstChoice(series.slice(0, 1), 5)).toEqual([series[0]!.key]);
});
