import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import { ExecutionRow } from "./ExecutionRow";
import classes from "./ExecutionsTable.module.css";
import type { Rows } from "./rows";

const ROW = 50;
const CARD = 118;
const COLUMNS = ["State", "Execution", "Kind", "Progress", "Started", "Duration", "By"];

type Props = {
  rows: Rows;
  selected: string | null;
  menu: string | null;
  onMenu: (id: string | null) => void;
  actions: Actions;
};

export function ExecutionsTable({ rows, selected, menu, onMenu, actions }: Props) {
  const cards = useMediaQuery("(max-width: 760px)") ?? false;
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => setOffset(body.current?.offsetTop ?? 0), []);
  const height = cards ? CARD : ROW;
  const virtual = useWindowVirtualizer({
    count: rows.shown.length,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (at) => rows.shown[at]!,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new height is what makes it measure again
  useEffect(() => virtual.measure(), [height, virtual]);

  const at = selected ? rows.shown.indexOf(selected) : -1;
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  return (
    <div className={classes.table} role="table" aria-label="Executions" aria-rowcount={rows.shown.length + 1}>
      <div className={classes.header} role="row" aria-rowindex={1}>
        {COLUMNS.map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
        <span role="columnheader">
          <span className="hw-hidden">Actions</span>
        </span>
      </div>
      <div className={classes.body} role="rowgroup" ref={body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const id = rows.shown[item.index]!;
          return (
            <ExecutionRow
              key={id}
              row={rows.byId.get(id)!}
              index={item.index}
              top={item.start - offset}
              height={height}
              gone={rows.gone.has(id)}
              live={rows.live.has(id)}
              selected={id === selected}
              menuOpen={id === menu}
              onMenu={onMenu}
              start={actions.start}
              asked={actions.asked?.id === id ? actions.asked.word : undefined}
            />
          );
        })}
      </div>
    </div>
  );
}
