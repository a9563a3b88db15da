import { Button, Skeleton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type Dispatch, type ReactNode, useCallback, useMemo } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import { ErrorState } from "@/shared/ui/ErrorState";
import type { Search } from "./address";
import type { Column } from "./columns/columns";
import classes from "./ExecutionsPage.module.css";
import { Nothing } from "./Nothing";
import { Preview } from "./preview/Preview";
import type { useRows } from "./rows/useRows";
import type { Selection, SelectionAction } from "./selection/selection";
import type { RowHandlers } from "./table/ExecutionRow";
import { ExecutionsTable } from "./table/ExecutionsTable";
import { TimeAxis } from "./timeaxis/TimeAxis";
import { useListKeys } from "./useListKeys";

type Props = {
  search: Search;
  list: ReturnType<typeof useRows>;
  columns: readonly Column[];
  selection: Selection;
  select: Dispatch<SelectionAction>;
  current: string | null;
  setCurrent: (id: string | null) => void;
  previewed: boolean;
  setPreviewed: (shown: boolean) => void;
  menu: string | null;
  setMenu: (id: string | null) => void;
  actions: Actions;
  onFilter: (term: string) => void;
  onSort: (column: string) => void;
  onChange: (search: Search) => void;
  news: ReactNode;
};

/** The rows with their keys and the preview next to them; a message where there are none. */
export function List(props: Props) {
  const {
    list,
    selection,
    select,
    current,
    setCurrent,
    previewed,
    setPreviewed,
    setMenu,
    actions,
    onFilter,
  } = props;
  const { rows, error, hasMore, loadMore } = list;
  const navigate = useNavigate();
  const { shown } = rows;
  const onPick = useCallback(
    (id: string, shift: boolean) => select({ type: "toggled", id, shift, shown }),
    [select, shown],
  );
  const handlers: RowHandlers = useMemo(
    () => ({ start: actions.start, onMenu: setMenu, onPick, onFilter }),
    [actions.start, setMenu, onPick, onFilter],
  );
  useListKeys({
    ids: shown,
    current,
    previewed,
    onCurrent: setCurrent,
    onPick,
    onPreview: setPreviewed,
    onOpen: (id) => void navigate({ to: "/executions/$id", params: { id }, search: {} }),
    onClear: () => select({ type: "cleared" }),
  });
  const onEnd = useCallback(() => {
    if (hasMore) loadMore();
  }, [hasMore, loadMore]);

  const row = previewed && current ? rows.byId.get(current) : undefined;
  if (!rows.loaded) return error ? null : <Waiting />;
  if (shown.length + rows.held.length === 0)
    return <Nothing search={props.search} onChange={props.onChange} />;
  return (
    <>
      {props.news}
      {props.search.view === "time" ? (
        <TimeAxis
          rows={rows}
          selection={selection}
          current={current}
          onCurrent={setCurrent}
          onFilter={onFilter}
        />
      ) : (
        <ExecutionsTable
          rows={rows}
          columns={props.columns}
          search={props.search}
          selection={selection}
          current={current}
          menu={props.menu}
          pending={actions.pending}
          handlers={handlers}
          onSort={props.onSort}
          onPickPage={() => select({ type: "page", shown })}
          onEnd={onEnd}
        />
      )}
      {list.moreError && <ErrorState error={list.moreError} what="Older executions" />}
      {hasMore && (
        <div className={classes.more}>
          <Button onClick={loadMore} loading={list.loadingMore}>
            Load more
          </Button>
        </div>
      )}
      {row && <Preview row={row} live={rows.live.has(row.id)} onClose={() => setPreviewed(false)} />}
    </>
  );
}

function Waiting() {
  return (
    <div aria-label="Loading executions" role="status" className={classes.waiting}>
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <Skeleton key={key} height={24} mb={12} radius={6} />
      ))}
    </div>
  );
}
