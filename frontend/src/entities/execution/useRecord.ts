import type { CombinedError } from "@urql/core";
import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useSyncExternalStore } from "react";
import {
  ExecutionChangesDocument,
  ExecutionSnapshotDocument,
  type ExecutionSnapshotQuery,
} from "@/shared/graphql/gen/graphql";
import { isOf, useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { Memory } from "@/shared/lib/memory";
import type { ActedOn } from "./actions/registry";
import { afterAction, type ExecutionRecord, fold, outdated, recordOf, replaced } from "./record";

const KEPT = 12;

/** A cache of executions that were shown lately. */
export const records = new Memory<ExecutionRecord>(KEPT);

export type Reading = {
  record: ExecutionRecord | undefined;
  /** The record as it is now, even while an earlier moment is shown. */
  live: ExecutionRecord | undefined;
  /** The execution does not exist, or the viewer may not see it. */
  missing: boolean;
  error: CombinedError | undefined;
  /** Folds in the result of an action. */
  learn: (acted: ActedOn) => void;
};

/**
 * An execution, live: from the cache if it was shown before, else read once; then its changes are folded in. With
 * `at`, a seq, the execution as it was after that event instead, which does not change.
 */
export function useRecord(id: string, at?: number): Reading {
  const live = useLiveRecord(id);
  const past = useMoment(id, at);
  if (at === undefined) return live;
  return {
    record: past.record ?? (past.error ? undefined : live.record), // never the live record in place of a moment
    live: live.record,
    missing: past.missing || live.missing,
    error: past.error,
    learn: live.learn,
  };
}

/** The cached execution, if another component subscribes to it. */
export function useKnown(id: string): ExecutionRecord | undefined {
  return useSyncExternalStore(
    useCallback((listener) => records.subscribe(id, listener), [id]),
    () => records.get(id),
  );
}

function useLiveRecord(id: string): Reading {
  const record = useKnown(id);
  // Changes are folded into a complete record only: the stream is off until a snapshot is read.
  const wanted = !record || record.cursor === null;
  const { data, error, loading } = useRead(
    ExecutionSnapshotDocument,
    { id },
    { version: record?.seq, paused: !wanted },
  );
  const take = useEffectEvent(({ execution }: ExecutionSnapshotQuery) => {
    const known = records.get(id);
    if (execution) records.set(id, replaced(known, execution));
    else if (!error && known?.cursor === null) records.delete(id);
  });
  useEffect(() => {
    if (data) take(data);
  }, [data]);

  const liveError = useLive(
    ExecutionChangesDocument,
    { id, after: null as string | null },
    {
      paused: wanted,
      resume: () => ({ after: records.get(id)?.cursor ?? null }),
      onData: ({ executionChanges }) => change(id, (known) => fold(known, executionChanges)),
      onEnd: () => change(id, outdated), // it was deleted or hidden: the snapshot says which
    },
  );
  const isGone = isOf(liveError, "NOT_FOUND");
  useEffect(() => {
    if (isGone) change(id, outdated);
  }, [id, isGone]);
  const learn = useCallback((acted: ActedOn) => change(acted.id, (known) => afterAction(known, acted)), []);
  return {
    record,
    live: record,
    missing: wanted && !loading && !error && data !== undefined && !data.execution,
    error: wanted ? error : liveError,
    learn,
  };
}

function change(id: string, to: (known: ExecutionRecord) => ExecutionRecord): void {
  const known = records.get(id);
  if (known) records.set(id, to(known));
}

function useMoment(id: string, at: number | undefined): Omit<Reading, "learn" | "live"> {
  const { data, error, loading } = useRead(
    ExecutionSnapshotDocument,
    { id, at: at ?? null },
    { paused: at === undefined },
  );
  const read = useMemo(() => data?.execution && recordOf(data.execution), [data]);
  const shown = useRef<ExecutionRecord>(undefined);
  if (at === undefined) shown.current = undefined;
  else if (read) shown.current = read; // until then the previous moment stays on the page
  return {
    record: error ? undefined : shown.current,
    missing: !loading && !error && data !== undefined && !data.execution,
    error,
  };
}
