import { getRouteApi, useLocation } from "@tanstack/react-router";
import { type MouseEvent, useCallback, useEffect, useMemo, useRef } from "react";
import type { ExecutionSearch } from "@/entities/execution/search";
import { extended, hashOf, type LineRange, rangeOf } from "./lineRange";

const route = getRouteApi("/executions/$id");

/** The log's state in the URL, and functions to change it. */
export function useLogAddress() {
  const search: ExecutionSearch = route.useSearch();
  const navigate = route.useNavigate();
  const hash = useLocation({ select: (location) => location.hash });
  /** Another object for each click on a link, even on the same one. */
  const visit = useLocation({ select: (location) => location.state.__TSR_key ?? "" });
  const range = useMemo(() => rangeOf(hash), [hash]);

  const change = useCallback(
    (part: ExecutionSearch) =>
      void navigate({
        search: (before) => ({ ...before, ...part }),
        hash: true,
        replace: true,
        resetScroll: false,
        hashScrollIntoView: false,
      }),
    [navigate],
  );
  const goTo = useCallback(
    (lines: LineRange) =>
      void navigate({
        search: true,
        hash: hashOf(lines),
        replace: true,
        resetScroll: false,
        hashScrollIntoView: false,
      }),
    [navigate],
  );
  const selected = useRef<LineRange | null>(range);
  useEffect(() => {
    selected.current = range;
  }, [range]);
  const onNumber = useCallback(
    (line: number, event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.button !== 0) return; // opens a new tab
      event.preventDefault();
      if (event.shiftKey) window.getSelection()?.removeAllRanges();
      goTo(event.shiftKey ? extended(selected.current, line) : { from: line, to: line });
    },
    [goTo],
  );
  return { search, range, visit, change, goTo, onNumber };
}
