import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { ExecutionSearch } from "@/entities/execution/search";

const route = getRouteApi("/executions/$id");

export type { ExecutionSearch };

/** What is selected on the page, as the address says; components change it by changing the address. */
export type Selection = ExecutionSearch & {
  /** Changes parts of the address; what is undefined goes out of it. */
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
 * The selected task run; where the address names none, the one that had failed when the page was opened. What fails
 * later is told by the strip, and does not take the place of what somebody reads.
 */
export function useSelectedTask(record: ExecutionRecord, { task }: Selection): TaskRunRow | undefined {
  const [first] = useState(record.head.failure?.taskRun?.key);
  const key = task ?? first;
  return useMemo(
    () => (key ? [...record.taskRuns.values()].find((one) => one.key === key) : undefined),
    [record, key],
  );
}
