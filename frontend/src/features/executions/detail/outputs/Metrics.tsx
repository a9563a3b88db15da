import classes from "./DataPanel.module.css";
import { formatValue, type Metric, pointsOf, seriesOf } from "./series";

export function Metrics({ metrics }: { metrics: readonly Metric[] }) {
  return (
    <table className={classes.metrics}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">Task</th>
          <th scope="col">Course</th>
          <th scope="col" className={classes.value}>
            Last
          </th>
        </tr>
      </thead>
      <tbody>
        {seriesOf(metrics).map((series) => (
          <tr key={series.key}>
            <td>
              {series.name} {series.tags && <span className={classes.task}>{series.tags}</span>}
            </td>
            <td className={classes.task}>{series.taskKey}</td>
            <td>
              {series.values.length > 1 && (
                <svg
                  className={classes.line}
                  viewBox="-1 -1 92 20"
                  width="92"
                  height="20"
                  role="img"
                  aria-label={`${series.values.length} values`}
                >
                  <polyline points={pointsOf(series.values, 90, 18)} />
                </svg>
              )}
            </td>
            <td className={classes.value}>{formatValue(series.last, series.kind)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
