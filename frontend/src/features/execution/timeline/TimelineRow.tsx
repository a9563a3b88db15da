import { IconChevronDown, IconChevronRight, IconSubtask } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { memo, type ReactNode } from "react";
import { Duration } from "@/shared/ui/Duration";
import { formatDuration, secondsBetween } from "@/shared/lib/duration";
import { formatInteger } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { STATE_TOKENS, type StateToken } from "@/shared/ui/stateTokens";
import { Bar, Fan, Spans } from "./Bar";
import type { IterationLine, Row, TaskLine } from "./rows";
import { percentOf, type Range } from "./scale";
import { tokenOf } from "./standing";
import classes from "./TimelineRow.module.css";

export type RowView = {
  range: Range;
  over: boolean;
  /** The moment of the past that is shown, in milliseconds. */
  moment: number | null;
  usual: ReadonlyMap<string, number>;
  menu: ((line: TaskLine | IterationLine) => ReactNode) | null;
};
type Props = { row: Row; index: number; top: number; selected: boolean; active: boolean; view: RowView };

/** One line of the timeline. Drawn again only when what it says, its place or the axis changes. */
export const TimelineRow = memo(function TimelineRow({ row, index, top, selected, active, view }: Props) {
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
        <>
          <span role="gridcell" className={classes.name} style={{ paddingLeft: row.depth * 22 }}>
            <span className={classes.fold} data-fold={open === null ? undefined : row.id}>
              {open === true && <IconChevronDown size={14} stroke={1.75} />}
              {open === false && <IconChevronRight size={14} stroke={1.75} />}
            </span>
            <Name row={row} view={view} />
          </span>
          <span role="gridcell" className={classes.duration}>
            {row.kind === "task" && <HowLong line={row} moment={view.moment} />}
          </span>
          <span role="gridcell" className={classes.track}>
            <Track row={row} view={view} />
          </span>
        </>
      )}
    </div>
  );
});

export function rowDomId(id: string): string {
  return `timeline-${id}`;
}

function isQuiet(row: Row, over: boolean): boolean {
  if (row.kind === "fold") return true;
  return row.kind === "task" && row.task.startedAt === null && tokenOf(row.task, over).tone === "calm";
}

function Name({ row, view }: { row: Exclude<Row, { kind: "label" }>; view: RowView }) {
  if (row.kind === "fold") return <span className={classes.text}>{row.name}</span>;
  const token = row.kind === "task" ? tokenOf(row.task, view.over) : STATE_TOKENS[row.state];
  return (
    <>
      <Glyph token={token} />
      <span className={classes.text} title={row.kind === "task" ? row.task.key : undefined}>
        {row.name}
      </span>
      {row.kind === "task" && <span className={classes.type}>{row.type}</span>}
      {row.kind === "task" && <Child line={row} />}
      <span className={classes.facts}>{row.kind === "task" && <Facts line={row} />}</span>
      {view.menu?.(row)}
    </>
  );
}

function Glyph({ token }: { token: StateToken }) {
  return (
    <span className={classes.glyph} data-tone={token.tone} title={token.word}>
      <StateGlyph shape={token.shape} />
      <span className="hw-hidden">{token.word} </span>
    </span>
  );
}

/** The execution that a subflow started, with its own state. */
function Child({ line: { task } }: { line: TaskLine }) {
  if (!task.child) return null;
  const token = STATE_TOKENS[task.child.state];
  return (
    <Link
      to="/executions/$id"
      params={{ id: task.child.id }}
      search={{}}
      tabIndex={-1}
      className={classes.child}
      data-tone={token.tone}
      title={`${task.child.name}: ${token.word}`}
      aria-label={`Open ${task.child.name}, ${token.word}`}
    >
      <IconSubtask size={14} stroke={1.75} />
    </Link>
  );
}

/** Counts of a foreach; of a task how many attempts, or what it waits for from a person. */
function Facts({ line: { task, counts } }: { line: TaskLine }) {
  if (counts.length)
    return counts.map(({ state, count, words }) => {
      const { shape, tone } = STATE_TOKENS[state];
      return (
        <span key={state} className={classes.count} data-tone={tone} title={words}>
          <StateGlyph shape={shape} size={12} />
          {formatInteger(count)}
          <span className="hw-hidden"> {words.replace(/^\S+ /, "")}</span>
        </span>
      );
    });
  if (task.state === "WAITING_FOR_APPROVAL") return <b className={classes.ask}>decide</b>;
  const tries = task.attempts.length;
  if (tries < 2) return null;
  return <>{task.endedAt ? `${tries} tries` : `try ${tries}`}</>;
}

function HowLong({ line: { task }, moment }: { line: TaskLine; moment: number | null }) {
  if (!task.startedAt) return null;
  if (moment === null || task.endedAt) return <Duration startedAt={task.startedAt} endedAt={task.endedAt} />;
  return <>{formatDuration(secondsBetween(task.startedAt, null, moment) ?? 0)}</>;
}

function Track({ row, view }: { row: Exclude<Row, { kind: "label" }>; view: RowView }) {
  const { range, usual } = view;
  if (row.kind === "iteration") return row.members.map((task) => <Bar key={task.id} task={task} range={range} />);
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

/** Where there is room: behind the now line while it runs, else where the task that it needs began. */
function noteAt({ task, needsFrom }: TaskLine, { over, range }: RowView): string {
  if (task.endedAt && task.cachedFrom) {
    return `calc(min(${percentOf(Date.parse(task.endedAt), range)}%, ${RIGHTMOST}%) + 8px)`;
  }
  if (!over) return `calc(min(var(--now, 0) * 1%, ${RIGHTMOST}%) + 6px)`;
  const at = needsFrom === null ? 0 : percentOf(needsFrom, range);
  return `calc(clamp(0%, ${at}%, ${RIGHTMOST}%) + 2px)`;
}
