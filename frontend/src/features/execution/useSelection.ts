import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
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

/** The selected task run; of a failed execution that was just opened, the one that failed. */
export function useSelectedTask(
  record: ExecutionRecord | undefined,
  selection: Selection,
): TaskRunRow | undefined {
  const { task } = selection;
  return useMemo(() => {
    if (!record || task === "") return undefined;
    const key = task ?? record.head.failure?.taskRun?.key;
    return key === undefined ? undefined : [...record.taskRuns.values()].find((one) => one.key === key);
  }, [record, task]);
}
