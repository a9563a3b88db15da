import { metricName } from "@/shared/lib/metric";
import type { Point } from "@/shared/ui/LineChart";
import { type Comparison, goodWay } from "./sections";

export type Axis = "step" | "time";
/** The curves of one metric, one for each execution in the order that they were asked for. */
export type Curve = { name: string; hint: string; lines: readonly (readonly Point[])[] };

const HINTS = { lower: "lower is better", higher: "higher is better" };

/** Metrics of which one execution has at least two values that the axis can place. */
export function curvesOf({ metrics }: Comparison, axis: Axis): Curve[] {
  return metrics.flatMap((metric) => {
    const lines = metric.values.map(({ points }) => pointsOf(points, axis));
    if (!lines.some((line) => line.length > 1)) return [];
    const way = goodWay(metric.name);
    return [{ name: metricName(metric), hint: way ? HINTS[way] : "", lines }];
  });
}

type Points = Comparison["metrics"][number]["values"][number]["points"];

function pointsOf(points: Points, axis: Axis): Point[] {
  return points.flatMap(({ step, elapsed, value }): Point[] => {
    const x = axis === "step" ? step : elapsed;
    return x == null ? [] : [[Number(x), value]];
  });
}
