import type { CombinedError } from "@urql/core";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ExecutionMetricsDocument, MetricsLiveDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { MetricStore } from "./series";

type Reading = {
  store: MetricStore;
  /** Grows with each new value: components that show metrics render again. */
  version: number;
  startedAt: string | null;
  loaded: boolean;
  /** There may be more values than were read; the first ones are shown. */
  cut: boolean;
  error: CombinedError | undefined;
};

/** The most values in one response; later ones arrive live. */
export const MOST_VALUES = 50_000;

/** The metrics of an execution: read once, then only new ones are sent. With `at`, as they were after that event. */
export function useMetrics(id: string, at: number | undefined): Reading {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another moment needs another store
  const store = useMemo(() => new MetricStore(), [id, at]);
  const version = useSyncExternalStore(store.subscribe, store.getVersion);
  const [round, setRound] = useState(0);
  const cursor = useRef<string | null>(null);
  const { data, error } = useRead(ExecutionMetricsDocument, { id, at: at ?? null }, { version: round });
  const execution = data?.execution;

  useEffect(() => {
    if (!execution) return;
    cursor.current ??= execution.cursor;
    store.add(execution.metrics);
  }, [execution, store]);

  const liveError = useLive(
    MetricsLiveDocument,
    { id, after: null as string | null },
    {
      paused: at !== undefined || !execution,
      resume: () => ({ after: cursor.current }),
      onData: ({ executionChanges: change }) => {
        cursor.current = change.cursor;
        if (change.reset) setRound((before) => before + 1);
        else store.add(change.metrics);
      },
    },
  );
  return {
    store,
    version,
    startedAt: execution?.startedAt ?? null,
    loaded: execution !== undefined,
    cut: (execution?.metrics.length ?? 0) >= MOST_VALUES,
    error: error ?? liveError,
  };
}
