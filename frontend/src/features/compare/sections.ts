import type { CompareQuery } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { metricName } from "@/shared/lib/metric";
import { formatBytes, formatNumber, plural } from "@/shared/lib/number";

export type Comparison = CompareQuery["compareExecutions"];
type Metric = Comparison["metrics"][number];
type Values = Comparison["inputs"];

/** One value of one execution. `same`: equals the baseline; `bar`: a share of the row's greatest value. */
export type Cell = {
  text: string;
  differs: boolean;
  delta?: string;
  /** The direction of the difference from the baseline, where it is known which direction is good. */
  tone?: "better" | "worse";
  best?: boolean;
  bar?: number;
};
export type Row = { key: string; cells: readonly Cell[]; differs: boolean; large?: boolean };
export type Section = { name: string; note: string; rows: readonly Row[] };

const NOTHING = "–";

/** The comparison as rows of text, in the order of the shown executions. */
export function sectionsOf(comparison: Comparison): Section[] {
  const sections = [
    section("Result", comparison.metrics.flatMap(metricRows), "metric"),
    section("Inputs", comparison.inputs.map(valueRow), "input"),
    section("Outputs", comparison.outputs.map(valueRow), "output"),
    section("Properties", comparison.properties.map(valueRow), "property", "properties"),
    section("Duration by task", [...durationRows(comparison), ...taskRows(comparison)], "duration"),
    section("Artifacts", comparison.artifacts.map(artifactRow), "artifact"),
    section("Git", comparison.git.map(valueRow), "value"),
    section("Labels", comparison.labels.map(valueRow), "label"),
    section("About", comparison.about.map(factRow), "fact"),
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

function section(name: string, rows: readonly Row[], one: string, many?: string): Section {
  const differing = rows.filter((row) => row.differs).length;
  return { name, rows, note: `${differing} of ${plural(rows.length, one, many)} differ` };
}

function valueRow({ key, values, differs }: Values[number]): Row {
  return {
    key,
    differs,
    cells: values.map((one) => ({
      text: one.present ? valueWords(one.value) : NOTHING,
      differs: one.differs,
    })),
  };
}

/** The API's names as words: "createdBy" becomes "created by". */
function factRow(fact: Values[number]): Row {
  return { ...valueRow(fact), key: fact.key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) };
}

/** A value on one line: text as it is, the rest as JSON. */
export function valueWords(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const LOWER = /loss|error|perplexity|(^|_)(rmse|mae|mse|wer|cer)($|_)|latency|duration|seconds/i;
const HIGHER =
  /accuracy|(^|_)(acc|auc|f1|r2|map|bleu|iou)($|_)|precision|recall|score|throughput|per_s(ec)?$/i;

/** The direction in which a metric is better, implied by its name; null where the name implies none. */
export function goodWay(name: string): "lower" | "higher" | null {
  if (LOWER.test(name)) return "lower";
  return HIGHER.test(name) ? "higher" : null;
}

/** The best value of a curve comes first, because readers look for it; exact unless points were left out. */
function metricRows(metric: Metric): Row[] {
  const way = goodWay(metric.name);
  const whole = metric.values.every((one) => one.points.length === one.number);
  const curve = metric.kind === "GAUGE" && metric.values.some((one) => one.number > 2);
  const rows = [lastRow(metric, way)];
  if (way && curve && whole) rows.unshift(bestRow(metric, way));
  return rows;
}

function lastRow(metric: Metric, way: "lower" | "higher" | null): Row {
  const values = metric.values.map((one) => one.value);
  const best = bestOf(values, way);
  return {
    key: metricName(metric),
    differs: metric.differs,
    cells: metric.values.map((one) => ({
      text: one.value === null ? NOTHING : metricWords(metric, one.value),
      differs: one.differs,
      ...deltaOf(one.delta, one.percent, way),
      ...(metric.differs && best !== null && one.value === best && { best: true }),
    })),
  };
}

function bestRow(metric: Metric, way: "lower" | "higher"): Row {
  const values = metric.values.map(({ points }) =>
    bestOf(
      points.map((point) => point.value),
      way,
    ),
  );
  const best = bestOf(values, way);
  const base = values[0] ?? null;
  return {
    key: `${metricName(metric)}, best`,
    large: true,
    differs: values.some((value) => value !== base),
    cells: values.map((value, at) => {
      const delta = at > 0 && value !== null && base !== null ? value - base : null;
      return {
        text: value === null ? NOTHING : metricWords(metric, value),
        differs: value !== base,
        ...deltaOf(delta, delta !== null && base ? (delta / Math.abs(base)) * 100 : null, way),
        ...(value === best && values.some((one) => one !== best) && { best: true }),
      };
    }),
  };
}

function bestOf(values: readonly (number | null)[], way: "lower" | "higher" | null): number | null {
  const numbers = values.filter((value) => value !== null);
  if (!way || !numbers.length) return null;
  return numbers.reduce((one, other) => (one < other === (way === "lower") ? one : other));
}

function deltaOf(delta: number | null, percent: number | null, way: "lower" | "higher" | null) {
  if (!delta) return {};
  const tone = way && (delta < 0 === (way === "lower") ? "better" : "worse");
  const share = percent === null ? "" : `, ${formatNumber(Number(Math.abs(percent).toPrecision(3)))} %`;
  return {
    delta: `${signed(delta)}${share}${tone ? ` ${tone}` : ""}`,
    ...(tone && { tone }),
  } as const;
}

/** A signed difference with three digits. */
function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${formatNumber(Number(value.toPrecision(3)))}`;
}

export function metricWords({ kind }: Pick<Metric, "kind">, value: number): string {
  return kind === "DURATION" ? formatDuration(value) : formatNumber(value);
}

const DURATIONS: Record<string, string> = { total: "whole execution", queued: "queued before the start" };

function durationRows({ durations }: Comparison): Row[] {
  return durations.map(({ key, values, differs }) => ({
    key: DURATIONS[key] ?? key,
    differs,
    cells: timeCells(values.map((one) => ({ ...one, seconds: one.value, words: null }))),
  }));
}

function taskRows({ tasks }: Comparison): Row[] {
  return tasks.map(({ key, values, differs }) => ({
    key,
    differs,
    cells: timeCells(
      values.map((one) => ({
        ...one,
        seconds: one.duration,
        words: one.taskRuns === 0 ? "no such task" : one.duration === null ? "not run" : null,
      })),
    ),
  }));
}

type Timed = { seconds: number | null; words: string | null; percent: number | null; differs: boolean };

function timeCells(values: readonly Timed[]): Cell[] {
  const longest = Math.max(...values.map((one) => one.seconds ?? 0));
  return values.map(({ seconds, words, percent, differs }) => ({
    text: words ?? (seconds === null ? NOTHING : formatDuration(seconds)),
    differs,
    ...(seconds !== null && longest > 0 && { bar: seconds / longest }),
    ...(differs && percent !== null && { delta: `${signed(percent)} %` }),
  }));
}

function artifactRow({ name, direction, differs, values }: Comparison["artifacts"][number]): Row {
  const type = values.flatMap((one) => one.uses)[0]?.type;
  return {
    key: `${direction === "IN" ? "used" : "made"} ${type ? `${type} ` : ""}${name}`,
    differs,
    cells: values.map((one) => {
      const size = one.uses[0]?.size;
      const words = one.versions.join(", ");
      return {
        text: words ? `${words}${size == null ? "" : ` · ${formatBytes(Number(size))}`}` : NOTHING,
        differs: one.differs,
      };
    }),
  };
}

/** The same rows with their cells in another order: `places` holds the index of each shown execution in the request. */
export function reordered(sections: readonly Section[], places: readonly number[]): Section[] {
  return sections.map((section) => ({
    ...section,
    rows: section.rows.map((row) => ({ ...row, cells: places.map((place) => row.cells[place]!) })),
  }));
}
