import { Button, Skeleton } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useActions } from "@/entities/execution/actions/useActions";
import { useWhyNotRun } from "@/entities/flow/useWhyNotRun";
import { FirstFlowDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { openDialog, useDialog } from "@/shared/lib/dialogs";
import { useRowKeys } from "@/shared/lib/useRowKeys";
import { ErrorState } from "@/shared/ui/ErrorState";
import { OfferButton } from "@/shared/ui/OfferButton";
import classes from "./ExecutionsPage.module.css";
import { ExecutionsTable } from "./ExecutionsTable";
import { ExportMenu } from "./ExportMenu";
import { FilterBar } from "./FilterBar";
import { FilterChips } from "./FilterChips";
import { chipsOf, faultOf, type Search } from "./filters";
import { Nothing } from "./Nothing";
import { SearchField } from "./SearchField";
import { useHold } from "./useHold";
import { useRows } from "./useRows";

const route = getRouteApi("/executions");

export function ExecutionsPage() {
  const search: Search = route.useSearch();
  const navigate = route.useNavigate();
  const setSearch = useCallback(
    (next: Search) => void navigate({ to: "/executions", search: next }),
    [navigate],
  );
  const [selected, setSelected] = useState<string | null>(null);
  const [menu, setMenu] = useState<string | null>(null);
  const actions = useActions();
  const running = useDialog() !== null;
  const whyNotRun = useWhyNotRun();
  const { hold, pointer } = useHold(selected !== null || menu !== null || actions.isOpen || running);
  const { rows, error, settle, loadMore, loadingMore, hasMore } = useRows(search, hold);
  const first = useRead(FirstFlowDocument, {}).data?.flows.nodes[0];
  const open = (id: string) => void navigate({ to: "/executions/$id", params: { id }, search: {} });
  useRowKeys({ ids: rows.shown, selected, select: setSelected, open });

  const release = () => {
    setSelected(null);
    window.scrollTo({ top: 0 });
    settle();
  };
  const chips = chipsOf(search);

  return (
    <>
      <div className={classes.head}>
        <h1 className={classes.title}>Executions</h1>
        <OfferButton
          variant={whyNotRun ? "default" : "filled"}
          size="sm"
          allowed={!whyNotRun}
          reason={whyNotRun}
          onClick={() => openDialog({ kind: "run" })}
        >
          Run a flow
        </OfferButton>
        <ExportMenu search={search} />
        <span className={classes.count} aria-live="off">
          {rows.loaded && `${rows.total.value.toLocaleString()}${rows.total.exact ? "" : "+"}`}
        </span>
      </div>
      <SearchField value={search.q} error={error} onChange={(q) => setSearch({ ...search, q })} />
      <FilterBar search={search} onChange={setSearch} />
      <FilterChips chips={chips} onChange={setSearch} />
      {error && !faultOf(error) && <ErrorState error={error} what="The list" />}
      <div className={classes.news} aria-live="polite">
        {rows.held.length > 0 && (
          <Button variant="filled" size="xs" onClick={release}>
            {rows.held.length} new {rows.held.length === 1 ? "execution" : "executions"}
          </Button>
        )}
      </div>
      {!rows.loaded && !error && <Waiting />}
      {rows.loaded && rows.shown.length + rows.held.length === 0 && (
        <Nothing chips={chips} flow={first} onChange={setSearch} />
      )}
      {rows.shown.length > 0 && (
        <div {...pointer}>
          <ExecutionsTable rows={rows} selected={selected} menu={menu} onMenu={setMenu} actions={actions} />
          {hasMore && (
            <div className={classes.more}>
              <Button onClick={loadMore} loading={loadingMore}>
                Load more
              </Button>
            </div>
          )}
        </div>
      )}
      {actions.dialog}
    </>
  );
}

function Waiting() {
  return (
    <div aria-label="Loading executions" role="status">
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <Skeleton key={key} height={44} mb={6} radius={6} />
      ))}
    </div>
  );
}
