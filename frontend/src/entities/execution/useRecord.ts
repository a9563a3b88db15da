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

/** Executions that were looked at lately, each as it was known last. */
export const records = new Memory<ExecutionRecord>(KEPT);

export type Reading = {
  record: ExecutionRecord | undefined;
  /** As it is now, also while an earlier moment is shown. */
  live: ExecutionRecord | undefined;
  /** The server knows no such execution, or does not show it to the viewer. */
  missing: boolean;
  error: CombinedError | undefined;
  /** Takes what an action answered. */
  learn: (acted: ActedOn) => void;
};

/**
 * An execution, live: from the memory when it was looked at before, else read once; then its changes are folded in.
 * A seq in `at` gives the execution as it was after that event instead, which does not change.
 */
export function useRecord(id: string, at?: number): Reading {
  const live = useLiveRecord(id);
  const past = useMoment(id, at);
  if (at === undefined) return live;
  return {
    record: past.record ?? (past.error ? undefined : live.record), // one moment is never shown as another
    live: live.record,
    missing: past.missing || live.missing,
    error: past.error,
    learn: live.learn,
  };
}

/** The execution as far as somebody else on the screen follows it. */
export function useKnown(id: string): ExecutionRecord | undefined {
  return useSyncExternalStore(
    useCallback((listener) => records.subscribe(id, listener), [id]),
    () => records.get(id),
  );
}

function useLiveRecord(id: string): Reading {
  const record = useKnown(id);
  // Changes are folded into a whole record only: while a snapshot is wanted the stream is off.
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
      onEnd: () => change(id, outdated), // it was deleted, or is not shown any more: the snapshot says which
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
  else if (read) shown.current = read; // until then the moment before: the page stays while the knob moves on
  return {
    record: error ? undefined : shown.current,
    missing: !loading && !error && data !== undefined && !data.execution,
    error,
  };
}
