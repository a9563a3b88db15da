import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type ReactNode, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import type { TaskRunRow } from "@/entities/execution/record";
import { type Range, ticksOf } from "@/shared/axis/scale";
import { useWidth } from "@/shared/axis/useWidth";
import { useKeys } from "@/shared/lib/keys";
import { usePhone } from "@/shared/lib/phone";
import { usePreferences } from "@/shared/lib/preferences";
import { AxisHead, type Brush } from "./AxisHead";
import { CriticalLines } from "./CriticalLines";
import type { Stretch } from "./critical";
import { Grid } from "./Grid";
import type { Row } from "./rows";
import classes from "./Timeline.module.css";
import { rowDomId, TimelineRow } from "./TimelineRow";
import type { TrackView } from "./Track";
import { useHeight } from "./useHeight";
import { useTreeKeys } from "./useTreeKeys";
import { useZoomKeys } from "./useZoomKeys";

type Props = {
  rows: readonly Row[];
  selected: TaskRunRow | undefined;
  /** The whole range of the axis, without zoom. */
  whole: Range;
  path: readonly Stretch[];
  view: TrackView;
  ticking: boolean;
  /** The pointer's handlers that freeze the order. */
  pointer: object;
  onToggle: (id: string, open: boolean) => void;
  onChoose: (key: string) => void;
  onZoom: (range: Range | null) => void;
  onWidth: (width: number) => void;
  menuOf: (task: TaskRunRow) => ReactNode;
  /** Content of the head, next to the axis. */
  children: ReactNode;
};

const HEAD = 32;
const PHONE_HEAD = 44;

/** The list of tasks as a Gantt chart: lines of a fixed height; only visible ones are drawn. */
export function Timeline(props: Props) {
  const { rows, whole, path, view, ticking, pointer, onToggle, onChoose, onZoom, children } = props;
  const selected = props.selected?.id;
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const [measure, width] = useWidth(props.onWidth);
  const [brush, setBrush] = useState<Brush | null>(null);
  const { zone } = usePreferences();
  const phone = usePhone();
  const ticks = useMemo(() => ticksOf(view.range, width, zone), [view.range, width, zone]);
  const heights = useMemo(() => rows.map((row) => heightOf(row, phone)), [rows, phone]);
  const [measureHead, head] = useHeight(phone ? PHONE_HEAD : HEAD);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heights[index]!,
    getItemKey: (index) => rows[index]!.id,
    overscan: 6,
    scrollMargin: head,
    scrollPaddingStart: head,
  });
  const measured = useRef(heights);
  if (measured.current !== heights) {
    measured.current = heights;
    virtual.measure();
  }

  const showSelected = useEffectEvent(() => {
    const index = rows.findIndex((row) => isSelected(row, selected));
    if (index >= 0) virtual.scrollToIndex(index);
  });
  useEffect(() => {
    if (selected !== undefined) showSelected();
  }, [selected]);

  const choose = (row: Row) => {
    if (row.kind === "fold") onToggle(row.id, !row.open);
    else if (row.kind === "task") onChoose(row.task.key);
    else if (row.kind === "iteration") {
      onToggle(row.id, true);
      onChoose(row.task.key);
    }
  };
  const keys = useTreeKeys({
    rows,
    toggle: onToggle,
    choose,
    scrollTo: (index) => virtual.scrollToIndex(index),
  });
  const walk = (key: string) => {
    grid.current?.focus({ preventScroll: true });
    keys.move(key);
  };
  useKeys("Tasks", [
    { key: "j", words: "The next task", run: () => walk("j") },
    { key: "k", words: "The previous task", run: () => walk("k") },
    { key: "x", words: "Fold or unfold", run: () => walk("x") },
  ]);

  useZoomKeys({ range: view.range, whole, around: props.selected, onZoom });

  const clicked = (event: MouseEvent<HTMLElement>) => {
    const target = event.target as Element;
    if (target.closest("a, button, [role=menu]")) return;
    const row = rows.find(({ id }) => id === target.closest<HTMLElement>("[data-row]")?.dataset.row);
    if (!row || row.kind === "label") return;
    keys.setCursor(row.id);
    if (target.closest("[data-fold]") && row.open !== null) onToggle(row.id, !row.open);
    else choose(row);
  };

  const [pointed, setPointed] = useState<string>();
  const over = ({ target }: { target: EventTarget }) => {
    const id = (target as Element).closest<HTMLElement>("[data-row]")?.dataset.row;
    if (id !== undefined) setPointed(id); // not within an open menu, which is outside the list
  };

  const items = virtual.getVirtualItems();
  const total = virtual.getTotalSize();
  return (
    <div ref={scroller} className={classes.scroller}>
      <AxisHead
        {...{ ticks, width, measure, measureHead, brush, onZoom, ticking }}
        range={view.range}
        onBrush={setBrush}
      >
        {children}
      </AxisHead>
      <div
        ref={grid}
        role="treegrid"
        aria-label="Tasks"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={keys.cursor === null ? undefined : rowDomId(keys.cursor)}
        tabIndex={0}
        className={classes.lines}
        style={{ height: total }}
        onClick={clicked}
        onKeyDown={keys.onKeyDown}
        onPointerOver={over}
        {...pointer}
      >
        <div role="row" className="hw-hidden" aria-rowindex={1}>
          <span role="columnheader">Task</span>
          <span role="columnheader">Duration</span>
          <span role="columnheader">Time</span>
        </div>
        {items.map(({ index, start }) => {
          const row = rows[index]!;
          const chosen = isSelected(row, selected);
          const withMenu = (chosen || row.id === pointed || row.id === keys.cursor) && row.kind === "task";
          return (
            <TimelineRow
              key={row.id}
              row={row}
              index={index}
              top={start - head}
              selected={chosen}
              active={row.id === keys.cursor}
              view={view}
              menu={withMenu ? props.menuOf(row.task) : null}
            />
          );
        })}
      </div>
      <Grid ticks={ticks} brush={brush} ticking={ticking} height={total} head={head} />
      {!phone && path.length > 0 && (
        <CriticalLines
          {...{ rows, path, heights, head }}
          range={view.range}
          from={(items[0]?.start ?? 0) - head}
          to={(items.at(-1)?.end ?? 0) - head}
        />
      )}
    </div>
  );
}

/** Whether a line shows the selected task run, or has it folded. */
function isSelected(row: Row, selected: string | undefined): boolean {
  if (selected === undefined || row.kind === "label" || row.kind === "fold") return false;
  if (row.kind === "task" && row.task.id === selected) return true;
  return row.open === false && row.members.some(({ id }) => id === selected);
}

const LINE = 28;
const PHONE_LINE = 48;
const PHONE_QUIET = 40;

function heightOf(row: Row, phone: boolean): number {
  if (!phone) return LINE;
  if (row.kind === "label" || row.kind === "fold") return PHONE_QUIET;
  return row.kind === "task" && !row.task.startedAt ? PHONE_QUIET : PHONE_LINE;
}
