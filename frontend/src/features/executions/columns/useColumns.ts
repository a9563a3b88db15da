import { useCallback, useMemo } from "react";
import { keep, kept } from "@/shared/lib/preferences";
import { isValue, type Search, sortOf } from "../address";
import { type Column, columnsOf, DEFAULT, joinedColumns } from "./columns";

const KEPT = "headway.executions.columns";

/**
 * The columns of the URL, else the viewer's last choice, else the default ones; in addition the column that the list
 * is sorted by.
 */
export function useColumns(search: Search, onChange: (search: Search) => void) {
  const own = search.cols ?? joinedColumns(kept<string[]>(KEPT) ?? DEFAULT);
  const sorted = sortOf(search)?.column;
  const columns: Column[] = useMemo(
    () => columnsOf(sorted && isValue(sorted) ? [own, joinedColumns([sorted])].join(",") : own),
    [own, sorted],
  );
  const choose = useCallback(
    (ids: readonly string[] | undefined) => {
      keep(KEPT, ids ?? null);
      const isLeft = sorted && isValue(sorted) && ids?.includes(sorted) === false;
      const sort = isLeft ? undefined : search.sort;
      onChange({ ...search, sort, cols: ids && joinedColumns(ids) });
    },
    [search, sorted, onChange],
  );
  return { columns, choose };
}
