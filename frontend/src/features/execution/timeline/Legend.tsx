import bar from "./Bar.module.css";
import classes from "./Legend.module.css";

/** The meaning of the marks of the timeline, as far as they are visible. */
export function Legend({ critical, usual, live }: { critical: boolean; usual: boolean; live: boolean }) {
  return (
    <>
      {critical && (
        <span className={classes.entry}>
          <i className={classes.critical} />
          critical path
        </span>
      )}
      {usual && (
        <span className={classes.entry}>
          <i className={classes.usual} />
          usual
        </span>
      )}
      {live && (
        <span className={classes.entry}>
          <i className={`${bar.segment} ${classes.sample}`} data-kind="queued" />
          queued
        </span>
      )}
    </>
  );
}
