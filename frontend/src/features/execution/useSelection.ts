import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { ExecutionSearch } from "@/entities/execution/search";

const route = getRouteApi("/executions/$id");

export type { ExecutionSearch };

/** The selection of the page, from the URL; components change it by changing the URL. */
export type Selection = ExecutionSearch & {
  /** Changes parameters of the URL; undefined ones are removed. */
  select: (part: ExecutionSearch, how?: { hash?: string; replace?: boolean }) => void;
};

export function useSelection(): Selection {
  const search: ExecutionSearch = route.useSearch();
  const navigate = route.useNavigate();
  const select = useCallback(
    (part: ExecutionSearch, { hash = "", replace = false }: { hash?: string; replace?: boolean } = {}) =>
      void navigate({ search: (before) => ({ ...before, ...part }), hash, replace, resetScroll: false }),
    [navigate],
  );
  return useMemo(() => ({ ...search, select }), [search, select]);
}

/**
 * The selected task run; without one in the URL, the one that had failed when the page was opened. Later failures are
 * shown by the strip and do not replace the viewer's selection.
 */
export function useSelectedTask(record: ExecutionRecord, { task }: Selection): TaskRunRow | undefined {
  const [first] = useState(record.head.failure?.taskRun?.key);
  const key = task ?? first;
  return useMemo(
    () => (key ? [...record.taskRuns.values()].find((one) => one.key === key) : undefined),
    [record, key],
  );
}
