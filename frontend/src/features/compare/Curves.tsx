import { MultiSelect, SegmentedControl } from "@mantine/core";
import { Suspense, useMemo, useState } from "react";
import { formatDuration } from "@/shared/lib/duration";
import { lazily } from "@/shared/ui/lazily";
import { seriesStyle } from "@/shared/ui/series";
import classes from "./Curves.module.css";
import { type Axis, curvesOf } from "./curves";
import type { Comparison } from "./sections";

const LineChart = lazily(() => import("@/shared/ui/LineChart").then((chart) => chart.LineChart));
const AXES = [
  { value: "step", label: "Step" },
  { value: "time", label: "Time" },
];
/** Shown until somebody chooses. */
const FIRST = 4;

type Props = {
  comparison: Comparison;
  executions: readonly { id: string; name: string }[];
  places: readonly number[];
};

/** The metrics over their steps, or over the seconds since the start, one chart each, with one read-out. */
export function Curves({ comparison, executions, places }: Props) {
  const [axis, setAxis] = useState<Axis>("step");
  const [logarithmic, setLogarithmic] = useState("linear");
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
        <span className={classes.note}>the read-out follows the pointer on all</span>
        <div className={classes.side}>
          <SegmentedControl
            size="xs"
            aria-label="Axis"
            data={AXES}
            value={axis}
            onChange={(value) => setAxis(value as Axis)}
          />
          <SegmentedControl
            size="xs"
            aria-label="Scale"
            data={[
              { value: "linear", label: "Linear" },
              { value: "log", label: "Log" },
            ]}
            value={logarithmic}
            onChange={setLogarithmic}
          />
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
            .map(({ name, hint, lines }) => (
              <div key={name} data-curve={name}>
                <h3 className={classes.name}>
                  {name} <span>{hint}</span>
                </h3>
                <LineChart
                  label={`${name} of ${executions.map((one) => one.name).join(", ")}`}
                  group="compare"
                  logarithmic={logarithmic === "log"}
                  {...(axis === "time" && { formatX: formatDuration })}
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
