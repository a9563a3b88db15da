import { useElementSize, useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { isSortable, type Search, sortOf } from "../address";
import { type Column, fitting, tracksOf } from "../columns/columns";
import { heightOf, secondLineOf } from "../rows/rowFacts";
import type { Rows } from "../rows/rows";
import { isPicked, type Selection } from "../selection/selection";
import { NO_REASONS, type Reasons, useReasons } from "../waits/useReasons";
import { ExecutionRow, type RowHandlers } from "./ExecutionRow";
import classes from "./ExecutionsTable.module.css";

type Props = {
  rows: Rows;
  columns: readonly Column[];
  search: Search;
  selection: Selection;
  current: string | null;
  menu: string | null;
  pending: { id: string; word: string } | null;
  handlers: RowHandlers;
  onSort: (column: string) => void;
  onPickPage: () => void;
  onEnd: () => void;
};

export function ExecutionsTable(props: Props) {
  const { rows, current } = props;
  const phone = useMediaQuery("(max-width: 700px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const { ref, width } = useElementSize();
  const columns = useMemo(
    () => (width ? fitting(props.columns, width) : props.columns),
    [props.columns, width],
  );
  const [reasons, setReasons] = useState(NO_REASONS);
  const virtual = useVirtualRows(rows, phone, reasons);
  const items = virtual.rows.getVirtualItems();
  useReasons(
    rows,
    items.map((item) => rows.shown[item.index]!),
    setReasons,
  );

  const at = current ? rows.shown.indexOf(current) : -1;
  const { scrollToIndex } = virtual.rows;
  useEffect(() => {
    if (at >= 0) scrollToIndex(at, { align: "auto" });
  }, [at, scrollToIndex]);

  const last = items.at(-1)?.index ?? 0;
  const isNearEnd = last >= rows.shown.length - 10;
  const { onEnd } = props;
  useEffect(() => {
    if (isNearEnd && window.scrollY > 0) onEnd();
  }, [isNearEnd, onEnd]);

  return (
    <div
      ref={ref}
      className={classes.table}
      role="table"
      aria-label="Executions"
      aria-rowcount={rows.shown.length + 1}
      style={{ "--tracks": tracksOf(columns) } as CSSProperties}
    >
      <Head {...props} columns={columns} />
      <div
        className={classes.body}
        role="rowgroup"
        ref={virtual.body}
        style={{ height: virtual.rows.getTotalSize() }}
      >
        {items.map((item) => {
          const id = rows.shown[item.index]!;
          return (
            <ExecutionRow
              key={id}
              row={rows.byId.get(id)!}
              reason={reasons.get(id)}
              columns={columns}
              index={item.index}
              top={item.start - virtual.offset}
              height={item.size}
              gone={rows.gone.has(id)}
              live={rows.live.has(id)}
              current={id === current}
              picked={isPicked(props.selection, id)}
              menuOpen={id === props.menu}
              pending={props.pending?.id === id ? props.pending.word : undefined}
              handlers={props.handlers}
              phone={phone}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Heights are known without measuring, so that the page has its full length at once on return. */
function useVirtualRows(rows: Rows, phone: boolean, reasons: Reasons) {
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  // The content above may grow or shrink: filters wrap, an error appears.
  useLayoutEffect(() => {
    const top = body.current ? Math.round(body.current.getBoundingClientRect().top + window.scrollY) : 0;
    if (top !== offset) setOffset(top);
  });
  const virtual = useWindowVirtualizer({
    count: rows.shown.length,
    estimateSize: (at) => heightOf(rows.byId.get(rows.shown[at]!)!, reasons.get(rows.shown[at]!), phone),
    overscan: 10,
    scrollMargin: offset,
    scrollPaddingStart: 40,
    scrollPaddingEnd: 80,
    initialOffset: () => window.scrollY,
    getItemKey: (at) => rows.shown[at]!,
  });
  const tall = useMemo(
    () => rows.shown.filter((id) => secondLineOf(rows.byId.get(id)!, reasons.get(id))).join(),
    [rows, reasons],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: changes of a height trigger a new measurement
  useLayoutEffect(() => virtual.measure(), [tall, phone, virtual]);
  return { rows: virtual, body, offset };
}

function Head({ rows, columns, search, selection, onSort, onPickPage }: Props) {
  const isAll = rows.shown.length > 0 && rows.shown.every((id) => isPicked(selection, id));
  const some = selection.all || selection.ids.size > 0;
  return (
    <div className={classes.head} role="rowgroup">
      <div className={classes.header} role="row" aria-rowindex={1}>
        <span role="columnheader" className={classes.pick}>
          <input
            type="checkbox"
            aria-label="Select all that are loaded"
            checked={isAll}
            ref={(box) => {
              if (box) box.indeterminate = some && !isAll;
            }}
            onChange={onPickPage}
          />
        </span>
        {columns.map((column) => (
          <HeadCell key={column.id} column={column} search={search} onSort={onSort} />
        ))}
        <span role="columnheader">
          <span className="hw-hidden">Actions</span>
        </span>
      </div>
    </div>
  );
}

const ARIA = { ASC: "ascending", DESC: "descending" } as const;

function HeadCell({ column, search, onSort }: { column: Column } & Pick<Props, "search" | "onSort">) {
  const sort = sortOf(search);
  const direction = sort?.column === column.id ? sort.direction : null;
  const name = <span className="hw-cut">{column.name}</span>;
  return (
    <span
      role="columnheader"
      className={classes.cell}
      data-align={column.align}
      aria-sort={direction ? ARIA[direction] : undefined}
    >
      {isSortable(column.id) ? (
        <button
          type="button"
          className={classes.sort}
          title={`Sort by ${column.name}`}
          onClick={() => onSort(column.id)}
          data-on={direction ? true : undefined}
        >
          {name}
          {direction === "DESC" && <IconArrowDown size={14} stroke={1.75} aria-hidden />}
          {direction === "ASC" && <IconArrowUp size={14} stroke={1.75} aria-hidden />}
        </button>
      ) : (
        name
      )}
    </span>
  );
}
