import { ExecutionMetricsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatNumber } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import { None } from "../Section";
import type { TabProps } from "../tabs";
import { latestOf } from "./latest";
import classes from "./Metrics.module.css";

export type MetricsTabProps = Pick<TabProps, "record" | "taskRun" | "attempt">;

/** The last value of each number that tasks recorded. */
export function MetricsTab({ record, taskRun, attempt }: MetricsTabProps) {
  const { data, error, loading } = useRead(
    ExecutionMetricsDocument,
    { id: record.head.id, taskRunId: taskRun?.id ?? null },
    { version: record.cursor },
  );
  const all = data?.execution?.metrics ?? [];
  const rows = latestOf(attempt === undefined ? all : all.filter((one) => one.attempt === attempt));
  return (
    <div className={classes.metrics}>
      {error && <ErrorState error={error} what="Metrics" />}
      {!rows.length && !error && <None>{loading ? "Loading…" : "None was recorded."}</None>}
      {rows.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {!taskRun && <th scope="col">Task</th>}
              <th scope="col">Kind</th>
              <th scope="col">Step</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((metric) => (
              <tr key={metric.id}>
                <th scope="row">{metric.name}</th>
                {!taskRun && <td>{metric.taskKey}</td>}
                <td>{metric.kind.toLowerCase()}</td>
                <td>{metric.step ?? "–"}</td>
                <td>{formatNumber(metric.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
