import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo, type ReactNode } from "react";
import { tokenOf } from "@/entities/taskRun/stateGroup";
import { Duration } from "@/shared/ui/Duration";
import { RowName } from "./RowName";
import type { Row, RunLine } from "./rows";
import classes from "./TimelineRow.module.css";
import { Track, type TrackView } from "./Track";

type Props = {
  row: Row;
  index: number;
  top: number;
  selected: boolean;
  active: boolean;
  view: TrackView;
  /** Only for the line under the pointer, and for the selected one. */
  menu: ReactNode;
};

/** One line of the timeline. Rendered again only when its content, its position or the axis changes. */
export const TimelineRow = memo(function TimelineRow({
  row,
  index,
  top,
  selected,
  active,
  view,
  menu,
}: Props) {
  const open = row.kind === "label" ? null : row.open;
  return (
    <div
      role="row"
      id={rowDomId(row.id)}
      className={classes.row}
      data-row={row.id}
      data-kind={row.kind}
      data-task={row.kind === "task" ? row.task.key : undefined}
      data-quiet={isQuiet(row, view.over) || undefined}
      data-active={active || undefined}
      aria-rowindex={index + 2}
      aria-level={row.depth + 1}
      aria-expanded={open ?? undefined}
      aria-selected={row.kind === "label" ? undefined : selected}
      style={{ transform: `translateY(${top}px)` }}
    >
      {row.kind === "label" ? (
        <span role="gridcell" className={classes.label}>
          {row.name}
        </span>
      ) : (
        <Cells row={row} view={view} menu={menu} />
      )}
    </div>
  );
});

function Cells({ row, view, menu }: { row: RunLine; view: TrackView; menu: ReactNode }) {
  return (
    <>
      <span role="gridcell" className={classes.name} style={{ paddingLeft: row.depth * 22 }}>
        <span className={classes.fold} data-fold={row.open === null ? undefined : row.id}>
          {row.open === true && <IconChevronDown size={14} stroke={1.75} />}
          {row.open === false && <IconChevronRight size={14} stroke={1.75} />}
        </span>
        <RowName row={row} over={view.over} />
      </span>
      <span role="gridcell" className={classes.duration}>
        {row.kind === "task" && row.task.startedAt && (
          <Duration startedAt={row.task.startedAt} endedAt={row.task.endedAt} />
        )}
      </span>
      <span role="gridcell" className={classes.track}>
        <Track row={row} view={view} />
        {menu && <span className={classes.menu}>{menu}</span>}
      </span>
    </>
  );
}

export function rowDomId(id: string): string {
  return `timeline-${id}`;
}

function isQuiet(row: Row, over: boolean): boolean {
  if (row.kind === "fold") return true;
  return row.kind === "task" && row.task.startedAt === null && tokenOf(row.task, over).tone === "calm";
}
