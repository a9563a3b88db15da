import { describe, expect, it } from "vitest";
import { formatValue, type Metric, pointsOf, seriesOf } from "./series";

function metric(over: Partial<Metric>): Metric {
  return {
    name: "loss",
    value: 1,
    kind: "GAUGE",
    step: null,
    tags: {},
    at: "2026-01-01T00:00:00Z",
    taskKey: "fit",
    attempt: 1,
    ...over,
  };
}

describe("seriesOf", () => {
  it("groups by task and name", () => {
    const series = seriesOf([
      metric({}),
      metric({ taskKey: "check" }),
      metric({ name: "rows", value: 7, kind: "COUNTER" }),
    ]);
    expect(series.map((one) => [one.taskKey, one.name, one.last])).toEqual([
      ["fit", "loss", 1],
      ["check", "loss", 1],
      ["fit", "rows", 7],
    ]);
  });
  it("tells those of one name apart by their tags", () => {
    const series = seriesOf([
      metric({ tags: { digit: 1 } }),
      metric({ tags: { digit: 2 }, value: 3 }),
      metric({ tags: { digit: 1 }, value: 5, step: 1 }),
    ]);
    expect(series.map((one) => [one.tags, one.values])).toEqual([
      ["digit=1", [1, 5]],
      ["digit=2", [3]],
    ]);
  });
  it.each([
    ["step", [metric({ step: 2, value: 2 }), metric({ step: 1, value: 1 })]],
    [
      "time",
      [metric({ at: "2026-01-01T00:00:02Z", value: 2 }), metric({ at: "2026-01-01T00:00:01Z", value: 1 })],
    ],
    ["attempt", [metric({ attempt: 2, step: 1, value: 2 }), metric({ attempt: 1, step: 9, value: 1 })]],
  ])("orders by %s", (_, metrics) => {
    expect(seriesOf(metrics)[0]).toMatchObject({ values: [1, 2], last: 2 });
  });
});

it.each([
  [1250, "COUNTER", (1250).toLocaleString()],
  [0.125, "GAUGE", "0.125"],
  [1.5, "DURATION", "1.5 s"],
  [0.123456789, "GAUGE", "0.12346"],
] as const)("%d as %s is %s", (value, kind, text) => expect(formatValue(value, kind)).toBe(text));

it.each([
  [[0, 5, 10], "0.0,10.0 50.0,5.0 100.0,0.0"],
  [[3, 3], "0.0,5.0 100.0,5.0"],
  [[3], "0.0,5.0"],
])("draws %j", (values, points) => expect(pointsOf(values, 100, 10)).toBe(points));
