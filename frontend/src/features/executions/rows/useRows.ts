import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { type CombinedError, useClient } from "urql";
import { getOwn, subscribeToOwn } from "@/entities/execution/own";
import { ExecutionsLiveDocument, OlderExecutionsDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { untilAnswered } from "@/shared/graphql/retry";
import { changeList, foldList, type List, listOf, lists, NO_LIST } from "./lists";
import { useTail } from "./useTail";
import { isSorted, keyOf, variablesOf, type Wanted, WINDOW } from "./wanted";

export const SETTLE_AFTER = 2_000;

type Next = NonNullable<List["next"]>;

/** The live rows of the search, cached when they were shown before. While `hold` is true the order is frozen. */
export function useRows(wanted: Wanted, hold: boolean) {
  const key = keyOf(wanted);
  const sorted = isSorted(wanted);
  const values = JSON.stringify([wanted.names, wanted.usual]);
  const list = useSyncExternalStore(
    useCallback((listener) => lists.subscribe(key, listener), [key]),
    () => lists.get(key) ?? NO_LIST,
  );
  const { rows } = list;
  const [version, setVersion] = useState(0);

  const error = useLive(
    ExecutionsLiveDocument,
    { ...variablesOf(wanted), after: null },
    {
      paused: wanted.paused ?? false,
      onData: ({ executionList: change }) => {
        setVersion((count) => count + 1);
        const isOther = listOf(key).cursor?.values !== values;
        if (isOther) foldList(key, { type: "shortened" });
        foldList(key, { type: "changed", change, hold, window: WINDOW, sorted, own: getOwn() });
        changeList(key, {
          cursor: { after: change.cursor, values },
          ...(isOther && { next: null, exhausted: false }),
        });
      },
      resume: () => {
        const { cursor } = listOf(key);
        return cursor?.values === values ? { after: cursor.after } : {};
      },
    },
  );

  const settle = useCallback(() => foldList(key, { type: "settled", sorted }), [key, sorted]);
  // The viewer's own execution is inserted, whether its start or the change of the list arrives first.
  useEffect(
    () => subscribeToOwn(() => foldList(key, { type: "admitted", own: getOwn(), sorted })),
    [key, sorted],
  );
  useTail(wanted, version);
  useSettling(list, hold, settle, wanted.settleAfter);
  const more = useOlder(key, wanted);
  return { rows, error, settle, ...more };
}

function useSettling({ rows }: List, hold: boolean, settle: () => void, after: number): void {
  const overflowing = rows.shown.length > rows.window.length + rows.room;
  const unsettled = rows.held.length + rows.passed > 0 || rows.gone.size > 0 || overflowing;
  useEffect(() => {
    if (hold || !unsettled) return;
    const timer = setTimeout(settle, rows.gone.size ? after : SETTLE_AFTER);
    return () => clearTimeout(timer);
  }, [hold, unsettled, settle, after, rows.gone.size]);
}

/** Older pages; a failed one is retried. Live rows have no page cursor: in the default order the first page starts at the last row's time. */
function useOlder(key: string, wanted: Wanted) {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [moreError, setMoreError] = useState<CombinedError>();
  const left = useRef(new AbortController());
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list needs no older rows of this one
  useEffect(() => {
    left.current = new AbortController();
    return () => {
      left.current.abort();
      setBusy(false);
      setMoreError(undefined);
    };
  }, [key]);
  const list = lists.get(key) ?? NO_LIST;
  const { rows } = list;
  const sorted = isSorted(wanted);

  const readPage = async (
    next: Next,
    signal: AbortSignal,
  ): Promise<{ fresh: number; more: boolean; next: Next } | null> => {
    const older = { createdAt: { lte: next.before } };
    const where = next.before ? (wanted.where ? { and: [wanted.where, older] } : older) : wanted.where;
    const variables = { ...variablesOf(wanted), where, after: next.after };
    const read = () => client.query(OlderExecutionsDocument, variables).toPromise();
    const page = (await untilAnswered(read, setMoreError, signal))?.executions;
    if (!page) return null;
    const known = listOf(key).rows.shown.length;
    foldList(key, { type: "older", rows: page.nodes, sorted });
    const after = { ...next, after: page.pageInfo.endCursor };
    changeList(key, { next: after, exhausted: !page.pageInfo.hasNextPage });
    return { fresh: listOf(key).rows.shown.length - known, more: page.pageInfo.hasNextPage, next: after };
  };
  const load = async () => {
    const last = rows.byId.get(rows.shown.at(-1) ?? "");
    if (!last || busy) return;
    setBusy(true);
    const first = list.next ?? { after: null, before: sorted ? null : last.createdAt };
    // In other orders the first page has the same rows as the window.
    const { signal } = left.current;
    let page = await readPage(first, signal);
    while (page && !page.fresh && page.more) page = await readPage(page.next, signal);
    if (!signal.aborted) setBusy(false);
  };
  const current = useRef(load);
  useLayoutEffect(() => {
    current.current = load;
  });
  const loadMore = useCallback(() => void current.current(), []);
  const hasMore = !list.exhausted && rows.shown.length > 0 && (rows.room > 0 || rows.window.length >= WINDOW);
  return { loadMore, loadingMore: busy, hasMore, moreError };
}
