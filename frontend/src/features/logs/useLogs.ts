import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { type CombinedError, useClient } from "urql";
import { type LogLevel, LogsLiveDocument, LogsPageDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useLive } from "@/shared/graphql/live";
import { oneAtATime } from "@/shared/lib/oneAtATime";
import { LogBuffer } from "./logBuffer";

export type LogFilter = { id: string; taskRunId: string | null; minLevel: LogLevel | null };

const PAGE = 200;

/** The tail first, then what comes; older pages when asked for. `growing` is false once the execution has ended. */
export function useLogs({ id, taskRunId, minLevel }: LogFilter, growing: boolean) {
  const client = useClient();
  const { epoch } = useLink();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another buffer
  const buffer = useMemo(() => new LogBuffer(), [id, taskRunId, minLevel]);
  useSyncExternalStore(buffer.subscribe, buffer.getVersion);
  const [error, setError] = useState<CombinedError>();
  const filter = useMemo(() => ({ id, taskRunId, minLevel }), [id, taskRunId, minLevel]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after a failed first page, each new epoch tries again
  useEffect(() => {
    if (buffer.loaded) return;
    let current = true;
    const read = async () => {
      const result = await client.query(LogsPageDocument, { ...filter, last: PAGE }).toPromise();
      if (!current || buffer.loaded) return;
      setError(result.error);
      const page = result.data?.execution?.logs;
      if (page) buffer.begin(page.nodes, page.pageInfo);
    };
    void read();
    return () => {
      current = false;
    };
  }, [client, buffer, filter, epoch]);

  useEffect(() => {
    if (growing && buffer.complete) buffer.reopen();
  }, [growing, buffer, buffer.complete]);

  const after = useFirst(buffer, buffer.loaded ? buffer.endCursor : null);
  const liveError = useLive(
    LogsLiveDocument,
    { ...filter, after },
    {
      paused: !buffer.loaded || buffer.complete,
      resume: () => ({ after: buffer.endCursor }),
      onData: ({ logs }) => buffer.append(logs.lines, logs.cursor, logs.complete),
    },
  );

  const loadOlder = useMemo(() => {
    const read = async () => {
      if (!buffer.hasOlder) return;
      const variables = { ...filter, last: PAGE, before: buffer.startCursor };
      const result = await client.query(LogsPageDocument, variables).toPromise();
      const page = result.data?.execution?.logs;
      if (page) buffer.prepend(page.nodes, page.pageInfo);
    };
    return oneAtATime(read);
  }, [client, buffer, filter]);

  /** Pages back until the line is there. */
  const reach = useCallback(
    async (line: number) => {
      while (buffer.hasOlder && (buffer.lines[0]?.line ?? 0) > line) {
        const before = buffer.lines.length;
        await loadOlder();
        if (buffer.lines.length === before) return;
      }
    },
    [buffer, loadOlder],
  );

  return { buffer, error: error ?? liveError, loadOlder, reach };
}

/** The first value that is not null for this buffer: a subscription's variables must not change with each batch. */
function useFirst(buffer: LogBuffer, value: string | null): string | null {
  const kept = useRef<{ buffer: LogBuffer; value: string | null }>({ buffer, value: null });
  if (kept.current.buffer !== buffer) kept.current = { buffer, value: null };
  if (kept.current.value === null && buffer.arrived === 0) kept.current.value = value;
  return kept.current.value;
}
