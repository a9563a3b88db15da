import { Button } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { CombinedError } from "@urql/core";
import { useCallback, useMemo, useState } from "react";
import { useActions } from "@/entities/execution/actions/useActions";
import { useDialog } from "@/shared/lib/dialogs";
import { formatInteger } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import { listQueryOf, orderOf, ownOf, type Search, searchOf, sortedBy } from "./address";
import { BulkDialog } from "./bulk/BulkDialog";
import { hasUsual, namesOf } from "./columns/columns";
import { useColumns } from "./columns/useColumns";
import classes from "./ExecutionsPage.module.css";
import { Overview } from "./histogram/Overview";
import { List } from "./List";
import { ListHead } from "./ListHead";
import { Query } from "./Query";
import { SETTLE_AFTER, useRows } from "./rows/useRows";
import { faultOf } from "./search/fault";
import { only } from "./search/language";
import { SelectionBar } from "./selection/SelectionBar";
import { isEmpty } from "./selection/selection";
import { usePicked } from "./selection/usePicked";
import { useHold } from "./useHold";
import { useLastList } from "./useLastList";
import { useWaiting } from "./useWaiting";
import { isShown, VIEWS } from "./views/views";

const route = getRouteApi("/executions");
/** In the view of active executions, those that have just ended stay for a while, dimmed. */
const JUST_ENDED = 30_000;

export function ExecutionsPage() {
  const given = route.useSearch();
  const search = useMemo(() => ownOf(given), [given]);
  const navigate = route.useNavigate();
  const setSearch = useCallback(
    (next: Search) => void navigate({ to: "/executions", search: next }),
    [navigate],
  );
  useLastList(search);
  const waiting = useWaiting();
  const query = useMemo(() => listQueryOf(search, waiting), [search, waiting]);
  const order = useMemo(() => orderOf(search), [search]);
  const { columns, choose } = useColumns(search, setSearch);
  const names = useMemo(() => namesOf(columns), [columns]);
  const { selection, select, bulk, setBulk } = usePicked(search);
  const [current, setCurrent] = useState<string | null>(null);
  const [previewed, setPreviewed] = useState(false);
  const [menu, setMenu] = useState<string | null>(null);
  const actions = useActions();
  const dialog = useDialog();
  const isBusy = actions.isOpen || !isEmpty(selection) || Boolean(current ?? menu ?? bulk ?? dialog);
  const { hold, pointer } = useHold(isBusy);
  const paused = search.waiting !== undefined && waiting === undefined;
  const settleAfter = isShown(VIEWS[1]!, search) ? JUST_ENDED : SETTLE_AFTER;
  const list = useRows({ ...query, ...order, names, usual: hasUsual(columns), paused, settleAfter }, hold);
  const { rows, error } = list;
  const errors = useErrors(rows.byId);
  const text = searchOf(search) ?? "";
  const onFilter = useCallback(
    (term: string) => setSearch({ ...search, q: only(text, term) }),
    [search, text, setSearch],
  );
  const release = () => {
    setCurrent(null);
    setPreviewed(false);
    window.scrollTo({ top: 0 });
    list.settle();
  };
  return (
    <>
      <ListHead
        search={search}
        query={query}
        order={order}
        columns={columns}
        waiting={waiting}
        onChange={setSearch}
      />
      <Overview
        search={search}
        query={query}
        version={rows}
        paused={paused || isRefused(error)}
        onChange={setSearch}
      />
      <Query
        search={search}
        query={query}
        columns={columns}
        error={error}
        errors={errors}
        onChange={setSearch}
        onColumns={choose}
      />
      <ListError error={error} />
      <div {...pointer}>
        <List
          search={search}
          list={list}
          columns={columns}
          selection={selection}
          select={select}
          current={current}
          setCurrent={setCurrent}
          previewed={previewed}
          setPreviewed={setPreviewed}
          menu={menu}
          setMenu={setMenu}
          actions={actions}
          onFilter={onFilter}
          onSort={(column) => setSearch(sortedBy(search, column))}
          onChange={setSearch}
          news={<News count={rows.held.length + rows.passed} onShow={release} />}
        />
      </div>
      {!isEmpty(selection) && (
        <SelectionBar
          selection={selection}
          total={rows.total}
          query={query}
          order={order}
          columns={columns}
          onAll={() => select({ type: "all" })}
          onClear={() => select({ type: "cleared" })}
          onAction={setBulk}
        />
      )}
      {bulk && (
        <BulkDialog
          action={bulk}
          selection={selection}
          total={rows.total.value}
          query={query}
          onClose={() => setBulk(null)}
          onDone={() => select({ type: "cleared" })}
        />
      )}
      {actions.dialog}
    </>
  );
}

/** Error messages by fingerprint, so that a chip shows the message. The same map until one is added. */
function useErrors(rows: ReturnType<typeof useRows>["rows"]["byId"]): ReadonlyMap<string, string> {
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(() => new Map());
  const added = [...rows.values()].flatMap(({ failure }) =>
    failure && !errors.has(failure.fingerprint) ? [[failure.fingerprint, failure.message] as const] : [],
  );
  if (added.length > 0) setErrors(new Map([...errors, ...added]));
  return errors;
}

function isRefused(error: CombinedError | undefined): boolean {
  return error !== undefined && faultOf(error) !== undefined;
}

/** The error of the search, below the search box. */
function ListError({ error }: { error: CombinedError | undefined }) {
  return error && !isRefused(error) ? <ErrorState error={error} what="The list" /> : null;
}

/** The button for new rows while the order is frozen: in the head, where it covers no row. */
function News({ count, onShow }: { count: number; onShow: () => void }) {
  const words = `${formatInteger(count)} new`;
  return (
    <div className={classes.news} aria-live="polite" data-news={count > 0 || undefined}>
      {count > 0 && (
        <Button
          variant="filled"
          size="compact-xs"
          aria-label={`${words} ${count === 1 ? "execution" : "executions"}`}
          onClick={onShow}
        >
          {words}
        </Button>
      )}
    </div>
  );
}
