import type { CSSProperties } from "react";
import { percentOf, type Range } from "@/shared/axis/scale";
import { Bar, Fan, Spans } from "./Bar";
import type { RunLine, TaskLine } from "./rows";
import classes from "./TimelineRow.module.css";

export type TrackView = {
  range: Range;
  over: boolean;
  /** The side of the now line that has room for a few words. */
  room: "before" | "after";
  /** The usual durations of tasks in seconds, by key. */
  usual: ReadonlyMap<string, number>;
};

/** The bar of a line or, where it is empty, the needs of its task. */
export function Track({ row, view }: { row: RunLine; view: TrackView }) {
  const { range, usual } = view;
  if (row.kind === "iteration")
    return row.members.map((task) => <Bar key={task.id} task={task} range={range} />);
  if (row.kind === "fold") return <Spans members={row.members} range={range} />;
  const note = noteOf(row);
  return (
    <>
      {row.iterations.length > 0 ? (
        <Fan task={row.task} iterations={row.iterations} range={range} />
      ) : (
        <Bar task={row.task} range={range} usual={usual.get(row.task.task.key)} />
      )}
      {note && (
        <span className={classes.note} data-side={sideOf(row, view)} style={noteAt(row, view)}>
          {note}
        </span>
      )}
    </>
  );
}

function noteOf({ task, needs }: TaskLine): string | null {
  if (needs) return `needs ${needs}`;
  return task.cachedFrom ? `from ${task.cachedFrom.name}` : null;
}

const RIGHTMOST = 60;

function sideOf({ task }: TaskLine, { over, room }: TrackView) {
  return !over && !task.endedAt ? room : "after";
}

/** The position of the note: next to the now line while it runs, else where the needed task began. */
function noteAt(line: TaskLine, view: TrackView): CSSProperties {
  const { task, needsFrom } = line;
  const { over, range, room } = view;
  if (task.endedAt && task.cachedFrom) {
    return { left: `calc(min(${percentOf(Date.parse(task.endedAt), range)}%, ${RIGHTMOST}%) + 8px)` };
  }
  if (!over) {
    const now = "clamp(0, var(--now, 0), 100)";
    return room === "after"
      ? { left: `calc(${now} * 1% + 6px)` }
      : { left: 0, right: `calc((100 - ${now}) * 1% + 6px)` };
  }
  const at = needsFrom === null ? 0 : percentOf(needsFrom, range);
  return { left: `calc(clamp(0%, ${at}%, ${RIGHTMOST}%) + 2px)` };
}
