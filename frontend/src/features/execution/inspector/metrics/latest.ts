import type { ExecutionMetricsQuery } from "@/shared/graphql/gen/graphql";

type Metric = NonNullable<ExecutionMetricsQuery["execution"]>["metrics"][number];

/** The last of each name and task; they come in the order of their times. */
export function latestOf(metrics: readonly Metric[]): Metric[] {
  return [...new Map(metrics.map((metric) => [`${metric.name}\n${metric.taskKey}`, metric])).values()];
}
