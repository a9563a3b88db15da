import { metricName } from "@/shared/lib/metric";
import { type Point, runningSum } from "@/shared/lib/points";
import { type Comparison, goodWay } from "./sections";

export type Axis = "step" | "time";
/** The curves of one metric, one for each execution in the order in which they were requested. */
export type Curve = {
  name: string;
  kind: Metric["kind"];
  hint: string;
  lines: readonly (readonly Point[])[];
};
type Metric = Comparison["metrics"][number];

const HINTS = { lower: "lower is better", higher: "higher is better" };

/** Metrics of which one execution has at least two values with a position on the axis. */
export function curvesOf({ metrics }: Comparison, axis: Axis): Curve[] {
  return metrics.flatMap((metric) => {
    const sums = isSummed(metric);
    const lines = metric.values.map(({ points }) => {
      const placed = pointsOf(points, axis);
      return sums ? runningSum(placed) : placed;
    });
    if (!lines.some((line) => line.length > 1)) return [];
    const way = goodWay(metric.name);
    const hints = [sums ? "running sum" : "", way ? HINTS[way] : ""];
    return [{ name: metricName(metric), kind: metric.kind, hint: hints.filter(Boolean).join(", "), lines }];
  });
}

/** A counter is drawn as a running sum, ending at the sum in the table, unless points were left out. */
function isSummed({ kind, values }: Metric): boolean {
  return kind === "COUNTER" && values.every(({ points, number }) => points.length === number);
}

function pointsOf(points: Metric["values"][number]["points"], axis: Axis): Point[] {
  return points.flatMap(({ step, elapsed, value }): Point[] => {
    const x = axis === "step" ? step : elapsed;
    return x == null ? [] : [[Number(x), value]];
  });
}
