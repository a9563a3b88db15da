import { useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { type CombinedError, useClient } from "urql";
import { ExecutionHistogramDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useRetry } from "@/shared/graphql/retry";
import { Memory } from "@/shared/lib/memory";
import type { ListQuery, Range } from "../address";
import { type Span, shownTime, written } from "../search/dates";
import type { HistogramBar } from "./histogram";

const KEPT = 8;
const AT_MOST_EVERY = 2_000;
const remembered = new Memory<readonly HistogramBar[]>(KEPT);

type Wanted = ListQuery & { range: Range | undefined; span: Span | null; bars: number; paused: boolean };

/** The bars of a search without its span; read again when the list changes, at most every two seconds. */
export function useHistogram(
  { where, search, range, span, bars, paused }: Wanted,
  version: unknown,
): { bars: readonly HistogramBar[] | undefined; error: CombinedError | undefined } {
  const client = useClient();
  const { epoch } = useLink();
  const key = JSON.stringify([where, search, range, bars, isOutside(range, span) ? span : null]);
  const known = useSyncExternalStore(
    (listener) => remembered.subscribe(key, listener),
    () => remembered.get(key),
  );
  const [readAt, setReadAt] = useState({ key: "", at: 0 });
  const [failed, setFailed] = useState<CombinedError>();

  const read = useEffectEvent(async () => {
    setReadAt({ key, at: Date.now() });
    const { since, until } = shownTime(range, span, Date.now());
    const isNow = until > Date.now() - 1_000;
    const variables = { since: written(since), until: isNow ? null : written(until), bars, where, search };
    const { data, error } = await client.query(ExecutionHistogramDocument, variables).toPromise();
    setFailed(error);
    if (data) remembered.set(key, data.executionHistogram);
  });
  const last = readAt.key === key ? readAt.at : 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the list triggers a new read
  useEffect(() => {
    if (paused) return;
    const wait = Math.max(0, last + AT_MOST_EVERY - Date.now());
    const timer = setTimeout(() => void read(), wait);
    return () => clearTimeout(timer);
  }, [key, version, epoch, paused]);
  const error = paused ? undefined : failed;
  useRetry(error, () => void read());
  return { bars: known, error };
}

function isOutside(range: Range | undefined, span: Span | null): boolean {
  const now = Date.now();
  return span !== null && span.since < shownTime(range, null, now).since - 1_000;
}
