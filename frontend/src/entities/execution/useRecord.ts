import type { CombinedError } from "@urql/core";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ExecutionChangesDocument, ExecutionSnapshotDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { Memory } from "@/shared/lib/memory";
import type { ActedOn } from "./actions/registry";
import { afterAction, type ExecutionRecord, fold, recordOf } from "./record";

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
  return at === undefined
    ? live
    : { ...past, record: past.record ?? live.record, live: live.record, learn: live.learn };
}

function useLiveRecord(id: string): Reading {
  const record = useSyncExternalStore(
    useCallback((listener) => records.subscribe(id, listener), [id]),
    () => records.get(id),
  );
  const [round, setRound] = useState(0);
  const [read, setRead] = useState(false); // the record may be from the memory; a reset needs a new one
  const { data, error, loading } = useRead(
    ExecutionSnapshotDocument,
    { id },
    { version: round, paused: record !== undefined && !read },
  );
  useEffect(() => {
    if (data?.execution) {
      records.set(id, recordOf(data.execution));
      setRead(false);
    }
  }, [id, data]);

  const liveError = useLive(
    ExecutionChangesDocument,
    { id, after: null as string | null },
    {
      paused: record === undefined,
      resume: () => ({ after: records.get(id)?.cursor ?? null }),
      onData: ({ executionChanges: change }) => {
        const known = records.get(id);
        if (change.reset) {
          setRead(true);
          setRound((before) => before + 1);
        } else if (known) records.set(id, fold(known, change));
      },
    },
  );
  const learn = useCallback((acted: ActedOn) => {
    const known = records.get(acted.id);
    if (known) records.set(acted.id, afterAction(known, acted));
  }, []);
  return {
    record,
    live: record,
    missing: !record && !loading && !error && data !== undefined && !data.execution,
    error: record ? liveError : error,
    learn,
  };
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
    record: shown.current,
    missing: !loading && !error && data !== undefined && !data.execution,
    error,
  };
}
