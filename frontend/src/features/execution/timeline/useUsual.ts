import { useMemo } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { UsualTaskDurationsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

/** The usual durations of tasks, in seconds, by key. */
export function useUsual(id: string): ReadonlyMap<string, number> {
  const { data } = useRead(UsualTaskDurationsDocument, { id });
  return useMemo(
    () => new Map((data?.execution?.usualTaskDurations ?? []).map(({ key, p50 }) => [key, p50])),
    [data],
  );
}

/** When the last of the running tasks usually ends, in milliseconds; 0 when unknown. */
export function usualEnd({ taskRuns }: ExecutionRecord, usual: ReadonlyMap<string, number>): number {
  if (!usual.size) return 0;
  let last = 0;
  for (const { task, startedAt, endedAt } of taskRuns.values()) {
    const seconds = startedAt && !endedAt ? usual.get(task.key) : undefined;
    if (seconds) last = Math.max(last, Date.parse(startedAt!) + seconds * 1000);
  }
  return last;
}
