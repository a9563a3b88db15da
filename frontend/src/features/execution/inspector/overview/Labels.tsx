import { None } from "../Section";
import classes from "./Lists.module.css";

export function Labels({ labels }: { labels: readonly { key: string; value: string }[] }) {
  if (!labels.length) return <None>No labels.</None>;
  return (
    <div className={classes.chips}>
      {labels.map(({ key, value }) => (
        <span key={key} className={classes.chip}>
          {key}=<b>{value}</b>
        </span>
      ))}
    </div>
  );
}
