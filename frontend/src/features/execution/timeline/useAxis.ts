import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { records } from "@/entities/execution/useRecord";
import { type Range, rangeOf, steppedRange } from "@/shared/axis/scale";
import { useMoment } from "@/shared/lib/moment";
import { isEnded } from "@/shared/ui/stateTokens";
import { extentOf, segmentsOf } from "./segments";

export type Axis = {
  /** From the start to the end, or to the limit that bars may reach before the axis has to grow. */
  whole: Range;
  /** The shown moment, in milliseconds; null at the end of an ended execution. */
  now: number | null;
  /** Whether time passes: the execution runs and is shown live. */
  ticking: boolean;
  /** Extends the axis. */
  onStep: () => void;
};

/** `usual`: when the running tasks usually end, in milliseconds. At a past moment the axis does not change. */
export function useAxis(record: ExecutionRecord, usual: number): Axis {
  const [, step] = useState(0);
  const whole = useRef<Range | undefined>(undefined);
  const latest = useLatest(record.head.id) ?? record;
  const moment = useMoment();
  const past = moment !== null;
  const source = past ? latest : record;
  const over = isEnded(source.head.state);
  const { from, until } = useMemo(() => boundsOf(source), [source]);
  const now = Math.max(Date.now(), until);
  if (!past || over || !whole.current) {
    const next = over ? rangeOf(from, until) : steppedRange(from, Math.max(now, usual));
    whole.current = same(whole.current, next);
  }
  return {
    whole: whole.current,
    now: past ? moment : over ? null : now,
    ticking: !past && !over,
    onStep: useCallback(() => step((before) => before + 1), []),
  };
}

function useLatest(id: string): ExecutionRecord | undefined {
  return useSyncExternalStore(
    useCallback((listener) => records.subscribe(id, listener), [id]),
    () => records.get(id),
  );
}

function same(before: Range | undefined, next: Range): Range {
  return before && before.from === next.from && before.to === next.to ? before : next;
}

/** The first and the last moment in the record. */
export function boundsOf({ head, taskRuns }: Pick<ExecutionRecord, "head" | "taskRuns">) {
  let from = Date.parse(head.startedAt ?? head.createdAt);
  let until = Math.max(from, head.endedAt ? Date.parse(head.endedAt) : 0);
  for (const task of taskRuns.values()) {
    const extent = extentOf(task);
    if (!extent) continue;
    from = Math.min(from, extent.from);
    until = Math.max(until, lastOf(task));
  }
  return { from, until };
}

function lastOf(task: TaskRunRow): number {
  const last = segmentsOf(task).at(-1)!;
  return last.to ?? last.from;
}
