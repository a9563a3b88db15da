import classes from "./Section.module.css";

/** A note that a tab shows the current data, not that of the chosen earlier moment. */
export function AsNow() {
  return (
    <p className={classes.now} role="note">
      As it is now: this tab has no earlier moments.
    </p>
  );
}
