import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useClient } from "urql";
import type { ExecutionRecord } from "@/entities/execution/record";
import { ExecutionEventsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { type Event, joined } from "./events";

/** As many as one request gives. */
const PAGE = 1000;

/**
 * The history of an execution, or of one of its task runs: the newest page, earlier ones when asked for, and what
 * comes. The record's own changes bring what is new, so that nothing is read twice.
 */
export function useEvents(record: ExecutionRecord, taskRunId: string | undefined) {
  const client = useClient();
  const id = record.head.id;
  const [earlier, setEarlier] = useState<readonly Event[]>([]);
  const [whole, setWhole] = useState(false);
  const busy = useRef(false);
  const [gap, setGap] = useState(0);
  const { data, error, loading } = useRead(
    ExecutionEventsDocument,
    { id, taskRunId: taskRunId ?? null, before: null as number | null },
    { version: gap },
  );
  const newest = data?.execution?.events;

  const events = useMemo(() => {
    const first = newest?.[0]?.seq;
    const before = first === undefined ? earlier : earlier.filter((event) => event.seq < first);
    const known = [...before, ...(newest ?? [])];
    const live = taskRunId ? record.events.filter((event) => event.taskRun?.id === taskRunId) : record.events;
    return joined(known, live);
  }, [earlier, newest, record.events, taskRunId]);

  // The record began anew behind what is known here: the page between is read again.
  const last = Math.max(newest?.at(-1)?.seq ?? 0, record.events.at(-1)?.seq ?? 0);
  const next = record.events.find((event) => event.seq > (newest?.at(-1)?.seq ?? 0));
  const missing =
    !taskRunId &&
    newest !== undefined &&
    (record.seq > last || (next && next.seq > (newest.at(-1)?.seq ?? 0) + 1));
  useEffect(() => {
    if (missing) setGap(record.seq);
  }, [missing, record.seq]);

  const first = events[0]?.seq;
  const hasEarlier =
    !whole && newest !== undefined && newest.length === PAGE && first !== undefined && first > 1;
  const readEarlier = useCallback(async () => {
    if (busy.current || first === undefined) return;
    busy.current = true;
    const variables = { id, taskRunId: taskRunId ?? null, before: first };
    const page = (await client.query(ExecutionEventsDocument, variables).toPromise()).data?.execution?.events;
    busy.current = false;
    if (!page) return;
    if (page.length < PAGE) setWhole(true);
    setEarlier((known) => [...page, ...known]);
  }, [client, id, taskRunId, first]);

  return { events, error, loading, hasEarlier, readEarlier };
}
