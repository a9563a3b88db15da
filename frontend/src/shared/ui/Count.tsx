import { formatCount } from "@/shared/lib/number";
import classes from "./Count.module.css";

type Props = {
  count: { value: number; exact: boolean };
  /** What is counted, for those who hear the page: "executing". */
  of: string;
  tone?: "ask";
};

/** A small number beside a name; nothing when there is none. */
export function Count({ count, of, tone }: Props) {
  if (!count.value) return null;
  return (
    <span className={classes.count} data-tone={tone}>
      {formatCount(count)}
      <span className="hw-hidden"> {of}</span>
    </span>
  );
}
