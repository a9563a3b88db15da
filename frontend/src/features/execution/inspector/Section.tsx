import { type ReactNode, useId } from "react";
import classes from "./Section.module.css";

type Props = { title: string; note?: ReactNode; action?: ReactNode; children: ReactNode };

/** A section of a tab: its title, a note next to it, and actions at the end. */
export function Section({ title, note, action, children }: Props) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <header className={classes.head}>
        <h3 id={id} className={classes.title}>
          {title}
        </h3>
        {note && <span className={classes.note}>{note}</span>}
        {action && <span className={classes.action}>{action}</span>}
      </header>
      {children}
    </section>
  );
}

export function None({ children }: { children: ReactNode }) {
  return <p className={classes.none}>{children}</p>;
}

/** A list of names with their values. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

/** Renders nothing when there is nothing to show. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (children === null || children === undefined || children === false || children === "") return null;
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
