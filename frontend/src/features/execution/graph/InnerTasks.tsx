import { Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useRecord } from "@/entities/execution/useRecord";
import { inOrderOfConcern, tokenOf } from "@/entities/taskRun/stateGroup";
import { formatInteger } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { isEnded } from "@/shared/ui/stateTokens";
import classes from "./InnerTasks.module.css";

/** The number of lines shown; with more tasks, the most important ones. */
const MOST = 8;

type Props = {
  /** The execution that a subflow started. */
  id: string;
  name: string;
  /** Called with the number of lines, which is the height of the node. */
  onRows: (rows: number) => void;
};

/** The tasks of a subflow's execution, live, each linked to that execution. */
export function InnerTasks({ id, name, onRows }: Props) {
  const { record, missing, error } = useRecord(id);
  const tasks = useMemo(
    () => [...(record?.taskRuns.values() ?? [])].filter(({ key }) => !key.includes("[")),
    [record],
  );
  const shown = tasks.length > MOST ? inOrderOfConcern(tasks).slice(0, MOST - 1) : tasks;
  const more = tasks.length - shown.length;
  const rows = Math.max(1, shown.length + (more ? 1 : 0));
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the number matters, not the callback
  useEffect(() => onRows(rows), [rows]);
  const over = record ? isEnded(record.head.state) : false;
  return (
    <ul className={`${classes.tasks} nopan`} aria-label={`Tasks of ${name}`}>
      {shown.map((task) => {
        const token = tokenOf(task, over);
        return (
          <li key={task.id}>
            <Link
              to="/executions/$id"
              params={{ id }}
              search={{ task: task.key }}
              className={classes.task}
              data-tone={token.tone}
            >
              <StateGlyph shape={token.shape} size={12} />
              <span className="hw-hidden">{token.word} </span>
              <span className="hw-cut">{task.key}</span>
            </Link>
          </li>
        );
      })}
      {more > 0 && (
        <li>
          <Link to="/executions/$id" params={{ id }} search={{}} className={classes.task}>
            {formatInteger(more)} more
          </Link>
        </li>
      )}
      {!tasks.length && (
        <li className={classes.task}>{wordsOf(missing || error !== undefined, record !== undefined)}</li>
      )}
    </ul>
  );
}

function wordsOf(refused: boolean, read: boolean): string {
  if (refused) return "could not be read";
  return read ? "no task planned yet" : "loading";
}
