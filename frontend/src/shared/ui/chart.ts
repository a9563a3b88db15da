import UPlot from "uplot";
import { formatDuration } from "@/shared/lib/duration";
import { formatNumber } from "@/shared/lib/number";
import type { Point } from "@/shared/lib/points";

/** `colour` names a token, as `--hw-s1`; `key` distinguishes lines with the same label. */
export type Line = {
  key?: string;
  label: string;
  colour: string;
  dash: readonly number[];
  points: readonly Point[];
};

/** The x axis: steps, or seconds since the start. */
export type Over = "step" | "time";
const OVER: Record<Over, string> = { step: "step", time: "time since the start" };

export function formatOver(over: Over, x: number): string {
  return over === "time" ? formatDuration(x) : formatNumber(x);
}

export type ChartSettings = {
  width: number;
  height: number;
  logarithmic: boolean;
  group: string | undefined;
  over: Over;
  formatY: (y: number) => string;
  /** Called with the index of the point under the pointer, null without one. */
  onPoint: (at: number | null) => void;
};

/** One row of x for all lines, and a row of y for each, undefined where a line has no point there. */
export function alignedOf(lines: readonly Line[]): UPlot.AlignedData {
  const tables = lines.map(({ points }): UPlot.AlignedData => {
    const sorted = [...points].sort(([one], [other]) => one - other);
    return [sorted.map(([x]) => x), sorted.map(([, y]) => y)];
  });
  if (!tables.length) return [[]];
  return tables.length === 1 ? tables[0]! : UPlot.join(tables);
}

/** Replaces the points: all of them are shown, or the zoomed part. */
export function update(chart: UPlot, points: UPlot.AlignedData): void {
  const zoomed = isZoomed(chart.data[0], chart.scales.x);
  chart.setData(points, !zoomed);
  if (zoomed) chart.redraw();
}

/** Whether the scale excludes an end of the points. */
export function isZoomed(
  xs: ArrayLike<number> | undefined,
  scale: { min?: number | undefined; max?: number | undefined } | undefined,
): boolean {
  if (!xs?.length || scale?.min == null || scale.max == null) return false;
  return scale.min > xs[0]! || scale.max < xs[xs.length - 1]!;
}

export function optionsOf(lines: readonly Line[], settings: ChartSettings): UPlot.Options {
  const { width, height, logarithmic, group, over, formatY, onPoint } = settings;
  const axis = (format: (value: number) => string): UPlot.Axis => ({
    stroke: () => token("--hw-text-3"),
    font: `11px ${token("--hw-font")}`,
    grid: { stroke: () => token("--hw-line-soft"), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value === null ? "" : format(value))),
  });
  return {
    width,
    height,
    legend: { show: false },
    cursor: {
      ...(group && { sync: { key: group } }),
      drag: { x: true, y: false },
      points: { size: 7 },
    },
    scales: { x: { time: false }, y: logarithmic ? { distr: 3 } : {} },
    axes: [
      {
        ...axis((x) => formatOver(over, x)),
        size: 24,
        label: OVER[over],
        labelSize: 16,
        labelGap: 0,
        labelFont: `11px ${token("--hw-font")}`,
      },
      { ...axis(formatY), size: 56 },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour, dash }): UPlot.Series => ({
          label,
          stroke: () => token(colour),
          width: 1.75,
          dash: [...dash],
          spanGaps: true,
          points: { show: lines.length > 0 && lines.every(({ points }) => points.length < 2) },
        }),
      ),
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
  };
}

function token(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  if (name === "--hw-font") return getComputedStyle(document.body).fontFamily;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
