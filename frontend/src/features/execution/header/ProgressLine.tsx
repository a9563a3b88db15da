import type { Progress } from "./facts";
import classes from "./Header.module.css";

/** The progress line below the header of a running execution: ended tasks by state; running and waiting ones pale. */
export function ProgressLine({ progress }: { progress: Progress }) {
  const { ended, all, parts } = progress;
  const percent = all ? Math.floor((ended / all) * 100) : 0;
  return (
    <div
      className={classes.progress}
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={`${percent} percent, ${ended} of ${all} tasks have ended`}
    >
      {parts.map(({ tone, share, ended: isEnded }) => (
        <i
          key={`${tone}${isEnded}`}
          data-tone={tone}
          data-open={!isEnded || undefined}
          style={{ width: `${share * 100}%` }}
        />
      ))}
    </div>
  );
}
