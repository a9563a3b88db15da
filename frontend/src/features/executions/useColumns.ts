import { useCallback, useMemo } from "react";
import { keep, kept } from "@/shared/lib/preferences";
import type { Search } from "./address";
import { type Column, columnsOf, DEFAULT, joinedColumns } from "./columns";

const KEPT = "headway.executions.columns";

/** The columns of the address, else those that this person chose last, else the usual ones. */
export function useColumns(search: Search, onChange: (search: Search) => void) {
  const own = search.cols ?? joinedColumns(kept<string[]>(KEPT) ?? DEFAULT);
  const columns: Column[] = useMemo(() => columnsOf(own), [own]);
  const choose = useCallback(
    (ids: readonly string[] | undefined) => {
      keep(KEPT, ids ?? null);
      onChange({ ...search, cols: ids && joinedColumns(ids) });
    },
    [search, onChange],
  );
  return { columns, choose };
}
