import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatNumber } from "@/shared/lib/number";
import { alignedOf, formatOver, type Line, type Over, optionsOf, update } from "./chart";
import classes from "./LineChart.module.css";
import { LineSample } from "./LineSample";

type Props = {
  lines: readonly Line[];
  /** The subject of the chart, for screen readers. */
  label: string;
  /** The x axis: the steps, or the seconds since the start. */
  over: Over;
  formatY?: (y: number) => string;
  logarithmic?: boolean;
  height?: number;
  /** Charts of one group show the value at the same x position. */
  group?: string;
};

/** Curves over one axis: drag to zoom, double click to reset, the read-out follows the pointer. */
export function LineChart(props: Props) {
  const { lines, label, over, formatY = formatNumber, height = 200 } = props;
  const { logarithmic = false, group } = props;
  const { ref, width } = useElementSize();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme();
  const [at, setAt] = useState<number | null>(null);
  const aligned = useMemo(() => alignedOf(lines), [lines]);
  const shape = lines.map((line) => `${line.label}/${line.colour}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` represents the lines without their points, the scheme the colours
  useEffect(() => {
    if (!box.current || !width) return;
    const options = optionsOf(lines, { width, height, logarithmic, group, over, formatY, onPoint: setAt });
    const made = new UPlot(options, aligned, box.current);
    chart.current = made;
    return () => {
      made.destroy();
      chart.current = null;
    };
  }, [shape, width, height, logarithmic, group, over, scheme]);

  useEffect(() => {
    if (chart.current) update(chart.current, aligned);
  }, [aligned]);

  return (
    <figure ref={ref} className={classes.chart}>
      <div ref={box} role="img" aria-label={label} />
      <figcaption className={classes.read}>
        {at !== null && (
          <span>
            {over === "step" && "step "}
            {formatOver(over, aligned[0][at]!)}
          </span>
        )}
        {lines.map((line, index) => {
          const value = valueAt(aligned[index + 1], at);
          return (
            <span key={line.key ?? line.label} className={classes.value}>
              <LineSample {...line} /> {line.label} <b>{value === null ? "–" : formatY(value)}</b>
            </span>
          );
        })}
      </figcaption>
    </figure>
  );
}

/** The value under the pointer; without a pointer the last one. */
function valueAt(values: ArrayLike<number | null | undefined> | undefined, at: number | null): number | null {
  if (!values) return null;
  if (at !== null) return values[at] ?? null;
  for (let place = values.length - 1; place >= 0; place -= 1) {
    const value = values[place];
    if (value != null) return value;
  }
  return null;
}
