import { Bar, Fan, Spans } from "./Bar";
import type { TaskLine, Told } from "./rows";
import { percentOf, type Range } from "./scale";
import classes from "./TimelineRow.module.css";

export type TrackView = {
  range: Range;
  over: boolean;
  /** Seconds that tasks usually take, by their key. */
  usual: ReadonlyMap<string, number>;
};

/** The bar of a line, or in its empty part what it needs. */
export function Track({ row, view }: { row: Told; view: TrackView }) {
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
        <span className={classes.note} style={{ left: noteAt(row, view) }}>
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
const AFTER_NOW = 80;

/** Where there is room: behind the now line while it runs, else where the task that it needs began. */
function noteAt({ task, needsFrom }: TaskLine, { over, range }: TrackView): string {
  if (task.endedAt && task.cachedFrom) {
    return `calc(min(${percentOf(Date.parse(task.endedAt), range)}%, ${RIGHTMOST}%) + 8px)`;
  }
  if (!over) return `calc(min(var(--now, 0) * 1%, ${AFTER_NOW}%) + 6px)`;
  const at = needsFrom === null ? 0 : percentOf(needsFrom, range);
  return `calc(clamp(0%, ${at}%, ${RIGHTMOST}%) + 2px)`;
}
