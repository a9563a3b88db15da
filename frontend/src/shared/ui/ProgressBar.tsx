import classes from "./ProgressBar.module.css";

type Props = { value: number; label: string; tone?: "active" | "bad" };

export function ProgressBar({ value, label, tone = "active" }: Props) {
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
        <span className={classes.bar} data-tone={tone} style={{ transform: `scaleX(${percent / 100})` }} />
      </span>
      <span className={classes.percent}>{percent}%</span>
    </span>
  );
}
