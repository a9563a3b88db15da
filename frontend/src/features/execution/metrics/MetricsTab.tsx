import { Skeleton } from "@mantine/core";
import { Suspense, useDeferredValue, useMemo, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { formatDuration } from "@/shared/lib/duration";
import { formatInteger } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import { lazily } from "@/shared/ui/lazily";
import { Segments } from "@/shared/ui/Segments";
import { seriesStyle } from "@/shared/ui/series";
import { useSelection } from "../useSelection";
import classes from "./MetricsTab.module.css";
import { MetricsTable } from "./MetricsTable";
import { type Axis, firstChoice, pointsOf, type Series, usualAxis } from "./series";
import { MOST_VALUES, useMetrics } from "./useMetrics";

const LineChart = lazily(() => import("@/shared/ui/LineChart").then((chart) => chart.LineChart));
const AXES: Record<Axis, string> = { step: "Step", time: "Time" };
const SCALES = { linear: "Linear", log: "Log" } as const;
/** The most curves in one chart: the number of colours. */
const MOST = 5;

type Props = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  attempt: number | undefined;
};

/** The metrics that the tasks recorded: a chart of the chosen ones, and a table of all; live. */
export function MetricsTab({ record, taskRun, attempt }: Props) {
  const { at } = useSelection();
  const { store, version, startedAt, loaded, cut, error } = useMetrics(record.head.id, at);
  const shown = useDeferredValue(version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` changes when the store has more
  const series = useMemo(
    () => store.list({ task: taskRun?.key, attempt: taskRun && attempt }),
    [store, shown, taskRun?.key, attempt],
  );
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  if (error && !loaded) return <ErrorState error={error} what="The metrics" />;
  if (!loaded) return <Skeleton height={160} m="md" role="status" aria-label="Loading the metrics" />;
  if (!series.length) return <p className={classes.none}>{emptyWords(taskRun)}</p>;
  const keys = chosen ?? firstChoice(series, MOST);
  const drawn = series.filter(({ key }) => keys.includes(key)).slice(0, MOST);
  const toggle = (key: string) =>
    setChosen(keys.includes(key) ? keys.filter((one) => one !== key) : [...keys.slice(1 - MOST), key]);
  return (
    <div className={classes.tab}>
      {cut && (
        <p className={classes.none}>
          Of the first {formatInteger(MOST_VALUES)} values of this execution: later ones are not among these.
        </p>
      )}
      {drawn.length > 0 && <Chart series={drawn} startedAt={startedAt} />}
      <MetricsTable
        series={series}
        drawn={drawn.map(({ key }) => key)}
        byTask={series.some(({ taskKey }) => taskKey !== taskRun?.key)}
        onToggle={toggle}
      />
    </div>
  );
}

function Chart({ series, startedAt }: { series: readonly Series[]; startedAt: string | null }) {
  const [chosen, setAxis] = useState<Axis | null>(null);
  const [scale, setScale] = useState<keyof typeof SCALES>("linear");
  const axis = chosen ?? usualAxis(series);
  return (
    <section aria-label="Chart" className={classes.chart}>
      <div className={classes.tools}>
        <Segments label="Axis" options={AXES} value={axis} onChange={setAxis} />
        <Segments label="Scale" options={SCALES} value={scale} onChange={setScale} />
        <span className={classes.hint}>drag to zoom, double click to reset</span>
      </div>
      <Suspense fallback={<Skeleton height={220} />}>
        <LineChart
          label={`${series.map(({ label }) => label).join(", ")} over ${axis === "step" ? "the steps" : "time"}`}
          height={220}
          logarithmic={scale === "log"}
          over={axis}
          {...(series.every(({ kind }) => kind === "DURATION") && { formatY: formatDuration })}
          lines={series.map((one, at) => ({
            key: one.key,
            label: labelOf(one),
            colour: seriesStyle(at).colour,
            dash: seriesStyle(at).dash,
            points: pointsOf(one, axis, startedAt),
          }))}
        />
      </Suspense>
    </section>
  );
}

/** "train · rows, running sum": a counter's curve is not its values. */
function labelOf({ label, kind }: Series): string {
  return kind === "COUNTER" ? `${label}, running sum` : label;
}

function emptyWords(taskRun: TaskRunRow | undefined): string {
  return taskRun ? `${taskRun.key} has recorded no metric.` : "No task has recorded a metric.";
}
