import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import type { ExecutionRecord } from "@/entities/execution/record";
import { ExecutionEventsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { useRetry } from "@/shared/graphql/retry";
import type { Event } from "./events";
import { type History, hasHole, withEarlier, withLive, withNewest } from "./history";

const NONE: readonly Event[] = [];

/**
 * The events of an execution, or of one of its task runs: the newest page, earlier ones on demand, and live ones. Live
 * ones come with the record's own changes, so that nothing is read twice.
 */
export function useEvents(record: ExecutionRecord, taskRunId: string | undefined) {
  const client = useClient();
  const id = record.head.id;
  const key = `${id}/${taskRunId ?? ""}`;
  const [kept, setKept] = useState<{ key: string; history: History }>();
  const [readAt, setReadAt] = useState(record.seq);
  const { data, error, loading } = useRead(
    ExecutionEventsDocument,
    { id, taskRunId: taskRunId ?? null, before: null as number | null },
    { version: readAt },
  );
  const newest = data?.execution?.events;
  const change = useCallback(
    (next: (known: History | undefined) => History | undefined) =>
      setKept((before) => {
        const known = before?.key === key ? before.history : undefined;
        const history = next(known);
        return history === known || !history ? before : { key, history };
      }),
    [key],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: `readAt` belongs to the answer
  useEffect(() => {
    if (newest) change((known) => withNewest(known, newest, readAt));
  }, [newest, change]);

  const { events: arrived, seq } = record;
  const live = useMemo(() => ({ events: arrived, seq }), [arrived, seq]);
  const known = kept?.key === key ? kept.history : undefined;
  const history = useMemo(() => known && withLive(known, live, taskRunId), [known, live, taskRunId]);
  // The record drops its events when it is replaced: they are kept here.
  useEffect(() => change((before) => before && withLive(before, live, taskRunId)), [change, live, taskRunId]);

  const hole = known !== undefined && hasHole(known, live);
  useEffect(() => {
    if (hole) setReadAt(seq);
  }, [hole, seq]);

  const events = history?.events ?? NONE;
  const first = events[0]?.seq;
  const hasEarlier = history !== undefined && !history.whole && first !== undefined && first > 1;
  const busy = useRef<string>(undefined);
  const [failed, setFailed] = useState<{ key: string; error: CombinedError | undefined }>();
  const readEarlier = useCallback(async () => {
    const asking = `${key}/${first}`;
    if (busy.current === asking || first === undefined) return;
    busy.current = asking;
    const variables = { id, taskRunId: taskRunId ?? null, before: first };
    const answer = await client.query(ExecutionEventsDocument, variables).toPromise();
    if (busy.current === asking) busy.current = undefined;
    setFailed({ key, error: answer.error });
    const page = answer.data?.execution?.events;
    if (page) change((before) => before && withEarlier(before, page, first));
  }, [client, change, key, id, taskRunId, first]);
  const earlierError = failed?.key === key ? failed.error : undefined;
  useRetry(earlierError, readEarlier);

  return {
    events,
    error: error ?? earlierError,
    loading: loading || (newest !== undefined && !history),
    hasEarlier,
    readEarlier,
  };
}
