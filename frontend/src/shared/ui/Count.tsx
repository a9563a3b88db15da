import { formatCount } from "@/shared/lib/number";
import classes from "./Count.module.css";

type Props = {
  count: { value: number; exact: boolean };
  /** The counted things, for screen readers: "executing". */
  of: string;
  tone?: "ask";
};

/** A small number next to a name; hidden when it is zero. */
export function Count({ count, of, tone }: Props) {
  if (!count.value) return null;
  return (
    <span className={classes.count} data-tone={tone}>
      {formatCount(count)}
      <span className="hw-hidden"> {of}</span>
    </span>
  );
}
