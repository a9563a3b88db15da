import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { useClient } from "urql";
import {
  type ExecutionFilter,
  ExecutionsLiveDocument,
  OlderExecutionsDocument,
} from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { type Search, searchOf, whereOf } from "./filters";
import { foldRows, NO_ROWS, type Row } from "./rows";

/** How many of the newest rows are followed; older pages are read when asked for. */
export const WINDOW = 100;
const SETTLE_AFTER = 2_000;

type From = { where: ExecutionFilter; after: string | null };
type More = { busy: boolean; from: From | null; exhausted: boolean };
const NO_MORE: More = { busy: false, from: null, exhausted: false };

/** The first older page starts at the last row's time, since rows that came live have no page's cursor. */
function olderThan(where: ExecutionFilter | undefined, last: Row): From {
  const older = { createdAt: { lte: last.createdAt } };
  return { where: where ? { and: [where, older] } : older, after: null };
}

/** The rows that the search asks for, live. While `hold` is true nothing moves. */
export function useRows(search: Search, hold: boolean) {
  const client = useClient();
  const where = useMemo(() => whereOf(search), [search]);
  const [rows, dispatch] = useReducer(foldRows, NO_ROWS);
  const [more, setMore] = useState<More>(NO_MORE);
  const words = searchOf(search) ?? null;
  const filter = JSON.stringify([where ?? null, words]);
  const cursor = useRef<{ filter: string; after: string }>(undefined);
  const shownFilter = useRef(filter);

  useEffect(() => {
    if (shownFilter.current === filter) return;
    shownFilter.current = filter;
    dispatch({ type: "emptied" });
    setMore(NO_MORE);
  }, [filter]);

  const error = useLive(
    ExecutionsLiveDocument,
    { where: where ?? null, search: words, first: WINDOW, after: null },
    {
      onData: ({ executionList: change }) => {
        cursor.current = { filter, after: change.cursor };
        dispatch({ type: "changed", change, hold, window: WINDOW });
      },
      resume: () => (cursor.current?.filter === filter ? { after: cursor.current.after } : {}),
    },
  );

  const overflowing = !rows.pages && rows.shown.length > rows.live.size;
  const unsettled = rows.held.length > 0 || rows.gone.size > 0 || overflowing;
  useEffect(() => {
    if (hold || !unsettled) return;
    const timer = setTimeout(() => dispatch({ type: "settled" }), SETTLE_AFTER);
    return () => clearTimeout(timer);
  }, [hold, unsettled]);

  const settle = useCallback(() => dispatch({ type: "settled" }), []);

  const loadMore = async () => {
    const last = rows.byId.get(rows.shown.at(-1) ?? "");
    if (!last || more.busy) return;
    const from = more.from ?? olderThan(where, last);
    setMore({ ...more, from, busy: true });
    const asked = { ...from, search: words, first: WINDOW };
    const result = await client.query(OlderExecutionsDocument, asked).toPromise();
    if (shownFilter.current !== filter) return;
    const page = result.data?.executions;
    if (!page) return setMore({ ...more, busy: false });
    dispatch({ type: "older", rows: page.nodes });
    const { hasNextPage, endCursor } = page.pageInfo;
    setMore({ busy: false, from: { where: from.where, after: endCursor }, exhausted: !hasNextPage });
  };

  const hasMore = !more.exhausted && rows.shown.length > 0 && (rows.pages > 0 || rows.live.size >= WINDOW);
  return { rows, error, settle, loadMore, loadingMore: more.busy, hasMore };
}
