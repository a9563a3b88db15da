import { IconSubtask } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { tokenOf } from "@/entities/taskRun/stateGroup";
import { formatInteger } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { STATE_TOKENS, type StateToken } from "@/shared/ui/stateTokens";
import type { RunLine, TaskLine } from "./rows";
import classes from "./TimelineRow.module.css";

/** State, name and type, and at the end the most important fact: counts, attempts, a pending approval. */
export function RowName({ row, over }: { row: RunLine; over: boolean }) {
  if (row.kind === "fold") return <span className={classes.text}>{row.name}</span>;
  const token = row.kind === "task" ? tokenOf(row.task, over) : STATE_TOKENS[row.state];
  return (
    <>
      <Glyph token={token} />
      <span className={classes.text} title={row.kind === "task" ? row.task.key : undefined}>
        {row.name}
      </span>
      {row.kind === "task" && <span className={classes.type}>{row.type}</span>}
      {row.kind === "task" && <Child line={row} />}
      <span className={classes.facts}>{row.kind === "task" && <Facts line={row} />}</span>
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
function Child({ line: { child } }: { line: TaskLine }) {
  if (!child) return null;
  const token = STATE_TOKENS[child.state];
  return (
    <Link
      to="/executions/$id"
      params={{ id: child.id }}
      search={{}}
      tabIndex={-1}
      className={classes.child}
      data-tone={token.tone}
      title={`${child.name}: ${token.word}`}
      aria-label={`Open ${child.name}, ${token.word}`}
    >
      <IconSubtask size={14} stroke={1.75} />
    </Link>
  );
}

/** The counts of a foreach; for a task, its attempts or that it waits for an approval. */
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
