import { Checkbox } from "@mantine/core";
import { formatInteger } from "@/shared/lib/number";
import { seriesStyle } from "@/shared/ui/series";
import classes from "./MetricsTab.module.css";
import { type Series, summaryOf } from "./series";

const KINDS = { GAUGE: "gauge", COUNTER: "counter", DURATION: "duration" } as const;

type Props = {
  series: readonly Series[];
  /** The keys of the metrics in the chart, in the order of their colours. */
  drawn: readonly string[];
  byTask: boolean;
  onToggle: (key: string) => void;
};

export function MetricsTable({ series, drawn, byTask, onToggle }: Props) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            {byTask && <th scope="col">Task</th>}
            <th scope="col">Kind</th>
            <th scope="col" data-number>
              Value
            </th>
            <th scope="col" data-number>
              Least
            </th>
            <th scope="col" data-number>
              Greatest
            </th>
            <th scope="col" data-number>
              Values
            </th>
          </tr>
        </thead>
        <tbody>
          {series.map((one) => (
            <SeriesRow
              key={one.key}
              series={one}
              at={drawn.indexOf(one.key)}
              byTask={byTask}
              onToggle={onToggle}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = { series: Series; at: number; byTask: boolean; onToggle: (key: string) => void };

function SeriesRow({ series, at, byTask, onToggle }: RowProps) {
  const { headline, means, least, greatest, count } = summaryOf(series);
  return (
    <tr data-metric={series.name}>
      <th scope="row">
        <Checkbox
          size="xs"
          label={
            <>
              {series.name} {series.tags && <span className={classes.hint}>{series.tags}</span>}
            </>
          }
          checked={at >= 0}
          disabled={count < 2}
          title={count < 2 ? "One value is not enough for a curve" : undefined}
          onChange={() => onToggle(series.key)}
          {...(at >= 0 && { color: `var(${seriesStyle(at).colour})` })}
        />
      </th>
      {byTask && <td>{series.taskKey ?? "–"}</td>}
      <td>{KINDS[series.kind]}</td>
      <td data-number>
        <b>{headline}</b> <span className={classes.hint}>{means}</span>
      </td>
      <td data-number>{least}</td>
      <td data-number>{greatest}</td>
      <td data-number>{formatInteger(count)}</td>
    </tr>
  );
}
