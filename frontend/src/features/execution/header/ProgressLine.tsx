import type { Progress } from "./facts";
import classes from "./Header.module.css";

/** A line below the header of what runs: how much has ended, and how; what is at work; what waits for people. */
export function ProgressLine({ progress, value }: { progress: Progress; value: number }) {
  const percent = Math.floor(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      className={classes.progress}
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={`${percent} percent, ${progress.ended} of ${progress.all} tasks have ended`}
    >
      {progress.parts.map(({ tone, share }) => (
        <i key={tone} data-tone={tone} style={{ width: `${share * 100}%` }} />
      ))}
    </div>
  );
}
