import classes from "./Section.module.css";

/** Says that a tab does not follow the page to an earlier moment. */
export function AsNow() {
  return (
    <p className={classes.now} role="note">
      As it is now: this tab has no earlier moments.
    </p>
  );
}
