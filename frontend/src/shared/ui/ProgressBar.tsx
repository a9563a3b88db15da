import classes from "./ProgressBar.module.css";
import { type AnyState, STATE_TOKENS } from "./stateTokens";

type Props = { value: number; label: string; state: AnyState };

/** A progress bar in the colour of the state. */
export function ProgressBar({ value, label, state }: Props) {
  const percent = Math.floor(Math.min(1, Math.max(0, value)) * 100);
  return (
    <span className={classes.line}>
      <span
        className={classes.track}
        role="progressbar"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <span
          className={classes.bar}
          data-tone={STATE_TOKENS[state].tone}
          style={{ transform: `scaleX(${percent / 100})` }}
        />
      </span>
      <span className={classes.percent}>{percent}%</span>
    </span>
  );
}
