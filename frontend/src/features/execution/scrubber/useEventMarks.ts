import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useClient } from "urql";
import { records } from "@/entities/execution/useRecord";
import { EventMarksDocument, type EventMarksQueryVariables } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { untilAnswered } from "@/shared/graphql/retry";
import { Memory } from "@/shared/lib/memory";
import { allOf, isWhole, type Known, lastOf, NOTHING, PAGE, withLive, withNewest, withOlder } from "./known";
import type { Event } from "./marks";

const KEPT = 12;
/** After this delay the events between both ends are read, even if the knob is not used. */
const IDLE_AFTER = 4_000;
const NONE: readonly Event[] = [];

const marks = new Memory<Known>(KEPT);

type Read = (
  variables: Omit<EventMarksQueryVariables, "id">,
  stopped: AbortSignal,
) => Promise<readonly Event[] | undefined>;

const learn = (id: string, change: (known: Known) => Known) =>
  marks.set(id, change(marks.get(id) ?? NOTHING));

/**
 * The events of an execution: the newest page and the oldest at once, those in between when they are `wanted` or the
 * page is idle, then live ones from its changes. They are cached when the page is left.
 */
export function useEventMarks(id: string, wanted: boolean): readonly Event[] {
  const client = useClient();
  const { epoch } = useLink();
  const record = useKept(records, id);
  const known = useKept(marks, id) ?? NOTHING;
  const live = record?.events ?? NONE;
  const grown = useMemo(() => withLive(known, live), [known, live]);
  useEffect(() => learn(id, (before) => withLive(before, live)), [id, live]);

  const read = useCallback<Read>(
    async (variables, stopped) => {
      const ask = () => client.query(EventMarksDocument, { id, ...variables }).toPromise();
      const data = await untilAnswered(ask, () => {}, stopped);
      return data?.execution?.events;
    },
    [client, id],
  );
  const hole = record !== undefined && (live[0]?.seq ?? record.seq + 1) > lastOf(allOf(known)) + 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new connection reads again
  useEffect(() => {
    if (!hole) return;
    const left = new AbortController();
    const ask = (variables: Parameters<Read>[0]) => read(variables, left.signal);
    void ask({ last: PAGE }).then((page) => page && learn(id, (before) => withNewest(before, page)));
    // Else the newest page has all events, or the oldest one is loaded.
    if (record.seq > PAGE && !marks.get(id)?.low.length)
      void ask({ first: PAGE }).then((page) => page && learn(id, (before) => withOlder(before, page)));
    return () => left.abort();
  }, [id, read, hole, epoch]);

  const isPartial = known.low.length > 0 && known.high.length > 0 && !isWhole(known);
  const [idle, setIdle] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setIdle(id), IDLE_AFTER);
    return () => clearTimeout(timer);
  }, [id]);
  const fills = isPartial && (wanted || idle === id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new connection reads again
  useEffect(() => {
    if (!fills) return;
    const left = new AbortController();
    void fill(id, read, left.signal);
    return () => left.abort();
  }, [id, read, fills, epoch]);

  return useMemo(() => allOf(grown), [grown]);
}

/** Reads page after page from the oldest on until there is no gap. */
async function fill(id: string, read: Read, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    const known = marks.get(id) ?? NOTHING;
    if (isWhole(known)) return;
    const page = await read({ first: PAGE, after: lastOf(known.low) }, stopped);
    if (!page?.length) return;
    learn(id, (now) => withOlder(now, page));
  }
}

function useKept<Value>(memory: Memory<Value>, id: string): Value | undefined {
  return useSyncExternalStore(
    useCallback((listener) => memory.subscribe(id, listener), [memory, id]),
    () => memory.get(id),
  );
}
