import type { ExecutionDataQuery } from "@/shared/graphql/gen/graphql";

export type Metric = Pick<
  NonNullable<ExecutionDataQuery["execution"]>["metrics"][number],
  "name" | "value" | "kind" | "step" | "tags" | "at" | "taskKey" | "attempt"
>;
export type Series = {
  key: string;
  name: string;
  /** What tells it from others of its name, as `digit=3`. */
  tags: string;
  taskKey: string | null;
  kind: Metric["kind"];
  values: number[];
  last: number;
};

/** One line a metric, its tags and task; its values by step, else by time. */
export function seriesOf(metrics: readonly Metric[]): Series[] {
  const groups = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const key = [metric.taskKey ?? "", metric.name, tagsOf(metric)].join("\u0000");
    groups.set(key, [...(groups.get(key) ?? []), metric]);
  }
  return [...groups].map(([key, group]) => {
    const ordered = group.toSorted(
      (a, b) => (a.attempt ?? 0) - (b.attempt ?? 0) || (a.step ?? 0) - (b.step ?? 0) || order(a.at, b.at),
    );
    const { name, taskKey, kind, value } = ordered.at(-1)!;
    return {
      key,
      name,
      tags: tagsOf(ordered[0]!),
      taskKey,
      kind,
      values: ordered.map((metric) => metric.value),
      last: value,
    };
  });
}

function tagsOf(metric: Metric): string {
  const tags = Object.entries((metric.tags ?? {}) as Record<string, unknown>);
  return tags
    .toSorted(([one], [other]) => order(one, other))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

export function formatValue(value: number, kind: Metric["kind"]): string {
  const text = Number.isInteger(value) ? value.toLocaleString() : value.toPrecision(5).replace(/\.?0+$/, "");
  return kind === "DURATION" ? `${text} s` : text;
}

/** A polyline's points in a box of the given size; a flat series runs through the middle. */
export function pointsOf(values: readonly number[], width: number, height: number): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values
    .map((value, at) => {
      const x = (at / Math.max(1, values.length - 1)) * width;
      const y = span ? height - ((value - low) / span) * height : height / 2;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

function order(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
