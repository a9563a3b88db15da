import { MultiSelect } from "@mantine/core";
import { Suspense, useMemo, useState } from "react";
import { formatDuration } from "@/shared/lib/duration";
import { LineSample } from "@/shared/ui/LineSample";
import { lazily } from "@/shared/ui/lazily";
import { Segments } from "@/shared/ui/Segments";
import { seriesStyle } from "@/shared/ui/series";
import classes from "./Curves.module.css";
import { type Axis, curvesOf } from "./curves";
import type { Comparison } from "./sections";

const LineChart = lazily(() => import("@/shared/ui/LineChart").then((chart) => chart.LineChart));
const AXES: Record<Axis, string> = { step: "Step", time: "Time" };
const SCALES = { linear: "Linear", log: "Log" } as const;
/** The initial selection. */
const FIRST = 4;

type Props = {
  comparison: Comparison;
  executions: readonly { id: string; name: string }[];
  places: readonly number[];
};

/** The metrics by step, or by seconds since the start, one chart each, with one shared read-out. */
export function Curves({ comparison, executions, places }: Props) {
  const [axis, setAxis] = useState<Axis>("step");
  const [scale, setScale] = useState<keyof typeof SCALES>("linear");
  const [chosen, setChosen] = useState<string[] | null>(null);
  const curves = useMemo(() => curvesOf(comparison, axis), [comparison, axis]);
  if (!curvesOf(comparison, "time").length && !curves.length) return null;
  const names = curves.map(({ name }) => name);
  const shown = chosen ?? names.slice(0, FIRST);
  return (
    <section aria-labelledby="compare-curves" className={classes.curves}>
      <div className={classes.tools}>
        <h2 id="compare-curves" className={classes.title}>
          Curves
        </h2>
        <ul className={classes.legend} aria-label="Legend">
          {executions.map(({ id, name }, at) => (
            <li key={id}>
              <LineSample {...seriesStyle(at)} /> {seriesStyle(at).letter} {name}
            </li>
          ))}
        </ul>
        <div className={classes.side}>
          <Segments label="Axis" options={AXES} value={axis} onChange={setAxis} />
          <Segments label="Scale" options={SCALES} value={scale} onChange={setScale} />
          {names.length > 1 && (
            <MultiSelect
              size="xs"
              aria-label="Metrics with curves"
              data={names}
              value={shown}
              onChange={setChosen}
              placeholder={shown.length ? "" : "Metrics"}
              className={classes.choice}
              searchable
            />
          )}
        </div>
      </div>
      {!curves.length && <p className={classes.note}>These metrics have no steps: choose Time.</p>}
      <div className={classes.charts}>
        <Suspense fallback={null}>
          {curves
            .filter(({ name }) => shown.includes(name))
            .map(({ name, kind, hint, lines }) => (
              <div key={name} data-curve={name}>
                <h3 className={classes.name}>
                  {name} <span>{hint}</span>
                </h3>
                <LineChart
                  label={`${name} of ${executions.map((one) => one.name).join(", ")}`}
                  group="compare"
                  logarithmic={scale === "log"}
                  over={axis}
                  {...(kind === "DURATION" && { formatY: formatDuration })}
                  lines={places.map((place, at) => ({
                    label: `${seriesStyle(at).letter}`,
                    colour: seriesStyle(at).colour,
                    dash: seriesStyle(at).dash,
                    points: lines[place] ?? [],
                  }))}
                />
              </div>
            ))}
        </Suspense>
      </div>
    </section>
  );
}
