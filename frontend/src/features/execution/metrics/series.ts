import { belongsTo } from "@/entities/taskRun/levels";
import type { MetricRowFragment } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { metricName, tagWords } from "@/shared/lib/metric";
import { formatNumber } from "@/shared/lib/number";
import { type Point, runningSum } from "@/shared/lib/points";

export type MetricRow = MetricRowFragment;

/** The values of one metric of one task with one set of tags, in the order of measurement. */
export type Series = {
  key: string;
  name: string;
  taskKey: string | null;
  /** "fold=2, part=train" */
  tags: string;
  /** The name of the curve: "train · loss {split=test}". */
  label: string;
  kind: MetricRow["kind"];
  rows: readonly MetricRow[];
};

/** A filter of metrics: by a task and its iterations, by an attempt; undefined means all. */
export type Wanted = { task: string | undefined; attempt: number | undefined };

/** Collects metrics, each id once; a store outside React, because there are tens of thousands. */
export class MetricStore {
  private readonly known = new Set<string>();
  private readonly series = new Map<string, Series & { rows: MetricRow[] }>();
  private version = 0;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  add(rows: readonly MetricRow[]): void {
    const fresh = rows.filter((row) => !this.known.has(row.id));
    if (!fresh.length) return;
    const unordered = new Set<MetricRow[]>();
    for (const row of fresh) {
      this.known.add(row.id);
      const key = keyOf(row);
      const rows = this.series.get(key)?.rows;
      if (!rows) this.series.set(key, { ...describe(row), key, rows: [row] });
      else if (byMoment(rows.at(-1)!, row) > 0) unordered.add(rows);
      rows?.push(row);
    }
    for (const rows of unordered) rows.sort(byMoment);
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  /** The series that match the filter; those without values are left out. */
  list({ task, attempt }: Wanted): Series[] {
    const wants = (row: MetricRow) =>
      belongsTo(task, row.taskKey) && (attempt === undefined || row.attempt === attempt);
    return [...this.series.values()]
      .map((series) => ({ ...series, rows: series.rows.filter(wants) }))
      .filter(({ rows }) => rows.length > 0)
      .sort((one, other) => one.key.localeCompare(other.key));
  }
}

/** The order in which the server finds the last value of a metric: by time, then step (none first), then id. */
function byMoment(one: MetricRow, other: MetricRow): number {
  return (
    compare(one.at.replace("Z", ""), other.at.replace("Z", "")) ||
    compare(Number(one.step ?? -Infinity), Number(other.step ?? -Infinity)) ||
    compare(one.id, other.id)
  );
}

function compare<Value extends string | number>(one: Value, other: Value): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function keyOf(row: MetricRow): string {
  return `${row.taskKey ?? ""}\u0000${row.name}\u0000${tagWords(row.tags)}`;
}

function describe(row: MetricRow): Omit<Series, "key" | "rows"> {
  return {
    name: row.name,
    taskKey: row.taskKey,
    tags: tagWords(row.tags),
    label: metricName(row),
    kind: row.kind,
  };
}

export type Summary = { headline: string; means: string; least: string; greatest: string; count: number };

/** A gauge shows its last value, a counter its sum, a duration its total: `means` names it. */
export function summaryOf({ kind, rows }: Series): Summary {
  const values = rows.map((row) => row.value);
  const words = kind === "DURATION" ? formatDuration : formatNumber;
  const sum = values.reduce((total, value) => total + value, 0);
  const headline = kind === "GAUGE" ? values.at(-1)! : sum;
  return {
    headline: words(headline),
    means: kind === "GAUGE" ? "last" : kind === "COUNTER" ? "sum" : "total",
    least: words(values.reduce((one, other) => Math.min(one, other))),
    greatest: words(values.reduce((one, other) => Math.max(one, other))),
    count: values.length,
  };
}

export type Axis = "step" | "time";

/** Points by steps, or by seconds since `start`; a counter is drawn as its running sum from left to right. */
export function pointsOf(series: Series, axis: Axis, start: string | null): Point[] {
  const from = Date.parse(start ?? series.rows[0]!.at);
  const points = series.rows.flatMap((row): [number, number][] => {
    const x = axis === "step" ? row.step : (Date.parse(row.at) - from) / 1000;
    return x === null ? [] : [[Number(x), row.value]];
  });
  points.sort(([one], [other]) => one - other);
  return series.kind === "COUNTER" ? runningSum(points) : points;
}

/** Steps if most of the chosen metrics have them, else time. */
export function usualAxis(series: readonly Series[]): Axis {
  const stepped = series.filter(({ rows }) => rows.some((row) => row.step !== null)).length;
  return stepped * 2 >= series.length ? "step" : "time";
}

/**
 * The curves to draw until the viewer chooses: the first with more than one value. They share an axis, so they are of
 * one kind: next to a growing sum, other values would look flat.
 */
export function firstChoice(series: readonly Series[], most: number): string[] {
  const curves = series.filter(({ rows }) => rows.length > 1);
  const kind = curves.some((one) => one.kind === "GAUGE") ? "GAUGE" : curves[0]?.kind;
  return curves
    .filter((one) => one.kind === kind)
    .slice(0, most)
    .map(({ key }) => key);
}
