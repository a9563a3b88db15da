import type { TaskRunRow } from "@/entities/execution/record";
import { extentOf } from "./segments";

/** A part of the critical path: the task run that all later ones waited for, and its time range. */
export type Stretch = { id: string; from: number; to: number | null };

/**
 * The chain of tasks that determined the duration of the execution, first to last: from the task that ended last, or
 * still runs, back through each one's latest need. Only tasks of the flow itself: a foreach counts as one.
 */
export function criticalPath(tasks: Iterable<TaskRunRow>): Stretch[] {
  const byKey = new Map<string, TaskRunRow>();
  for (const task of tasks) if (!task.key.includes("[") && extentOf(task)) byKey.set(task.key, task);
  let at = latest(byKey.values());
  const path: Stretch[] = [];
  const seen = new Set<string>();
  while (at && !seen.has(at.key)) {
    seen.add(at.key);
    const { from, to } = extentOf(at)!;
    const need = latest(at.task.needs.flatMap((key) => byKey.get(key) ?? []));
    const before = need ? extentOf(need)!.to : null;
    path.unshift({
      id: at.id,
      from: before === null ? from : Math.min(Math.max(from, before), to ?? from),
      to,
    });
    at = need;
  }
  return path.length > 1 ? path : [];
}

/** The latest end; of equal ends the first, so that the path does not jump. */
function latest(tasks: Iterable<TaskRunRow>): TaskRunRow | undefined {
  let found: TaskRunRow | undefined;
  for (const task of tasks) if (!found || endOf(task) > endOf(found)) found = task;
  return found;
}

function endOf(task: TaskRunRow): number {
  return extentOf(task)?.to ?? Number.POSITIVE_INFINITY;
}
