import type { TaskRunRow } from "@/entities/execution/record";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { useSelection } from "../useSelection";
import classes from "./Inspector.module.css";
import { Glyph } from "./Links";

type Props = { taskRun: TaskRunRow; attempt: number | undefined };

/** Toggles for the attempts by number; the last one is the default, so that choosing it clears the choice. */
export function AttemptToggles({ taskRun, attempt }: Props) {
  const { select } = useSelection();
  const last = taskRun.attempts.at(-1)?.number;
  if (taskRun.attempts.length < 2) return null;
  return (
    <fieldset className={classes.attempts} aria-label="Attempts">
      {taskRun.attempts.map(({ number, state }) => (
        <button
          key={number}
          type="button"
          className={classes.attempt}
          aria-pressed={number === (attempt ?? last)}
          aria-label={`Attempt ${number}, ${STATE_TOKENS[state].word}`}
          onClick={() => select({ attempt: number === last ? undefined : number })}
        >
          <span aria-hidden="true" className={classes.mark}>
            <Glyph state={state} size={12} />
          </span>
          {number}
        </button>
      ))}
    </fieldset>
  );
}
