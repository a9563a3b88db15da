import { memo } from "react";
import type { TaskRunRow } from "@/entities/execution/record";
import type { Iteration } from "@/entities/taskRun/tree";
import { percentOf, placed, type Range, untilNow } from "@/shared/axis/scale";
import classes from "./Bar.module.css";
import { binsOf } from "./bins";
import { segmentsOf } from "./segments";

type BarProps = { task: TaskRunRow; range: Range; usual?: number | undefined };

/** The queue time, attempts and waits of one task run on the axis, with a dashed mark at its usual end. */
export const Bar = memo(function Bar({ task, range, usual }: BarProps) {
  const usualEnd =
    usual && task.startedAt ? percentOf(Date.parse(task.startedAt) + usual * 1000, range) : null;
  return (
    <>
      {segmentsOf(task).map((segment) => {
        const place = placed(segment, range);
        if (!place) return null;
        const lasts = segment.to === null;
        return (
          <i
            key={`${segment.kind} ${segment.from}`}
            className={classes.segment}
            data-kind={segment.kind}
            data-lasts={lasts || undefined}
            style={{ left: `${place.left}%`, width: lasts ? untilNow(place.left) : `${place.width}%` }}
          />
        );
      })}
      {usualEnd !== null && usualEnd <= 100 && usualEnd >= 0 && (
        <i className={classes.usual} title="usual end" style={{ left: `${usualEnd}%` }} />
      )}
    </>
  );
});

type FanProps = { task: TaskRunRow; iterations: readonly Iteration[]; range: Range };

/** A foreach: pale while it ran, again after a restart, with a mark at each end of an iteration. */
export const Fan = memo(function Fan({ task, iterations, range }: FanProps) {
  return (
    <>
      {segmentsOf(task).map((segment) => {
        const place = segment.kind === "queued" ? undefined : placed(segment, range);
        if (!place) return null;
        const lasts = segment.to === null;
        return (
          <i
            key={`${segment.kind} ${segment.from}`}
            className={classes.fan}
            data-lasts={lasts || undefined}
            style={{ left: `${place.left}%`, width: lasts ? untilNow(place.left) : `${place.width}%` }}
          />
        );
      })}
      {binsOf(iterations, range).map(({ left, failed, share }) => (
        <i
          key={left}
          className={classes.mark}
          data-failed={failed > 0 || undefined}
          style={{ left: `${left}%`, opacity: failed ? 1 : 0.45 + 0.55 * share }}
        />
      ))}
    </>
  );
});

/** Several task runs on one line, for example folded ones: marks that touch are joined. */
export const Spans = memo(function Spans({
  members,
  range,
}: {
  members: readonly TaskRunRow[];
  range: Range;
}) {
  return spansOf(members, range).map(({ left, width, kind }) => (
    <i
      key={`${kind} ${left}`}
      className={classes.segment}
      data-kind={kind}
      style={{ left: `${left}%`, width: `${width}%` }}
    />
  ));
});

const NEAR = 0.6;

function spansOf(members: readonly TaskRunRow[], range: Range) {
  const pieces = members
    .flatMap((task) => segmentsOf(task))
    .flatMap((segment) => {
      const place = segment.kind === "queued" || segment.to === null ? undefined : placed(segment, range);
      return place ? [{ ...place, kind: segment.kind }] : [];
    })
    .sort((one, other) => one.left - other.left);
  const joined: typeof pieces = [];
  for (const piece of pieces) {
    const last = joined.findLast(({ kind }) => kind === piece.kind);
    if (last && piece.left <= last.left + last.width + NEAR) {
      last.width = Math.max(last.width, piece.left + piece.width - last.left);
    } else joined.push({ ...piece });
  }
  return joined;
}
