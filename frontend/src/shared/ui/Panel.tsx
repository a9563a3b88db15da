import { type ReactNode, useId } from "react";
import classes from "./Panel.module.css";

type Props = { title: string; aside?: ReactNode; children: ReactNode; tone?: "bad" | "ask" | "plain" };

export function Panel({ title, aside, children, tone = "plain" }: Props) {
  const id = useId();
  return (
    <section className={classes.panel} data-tone={tone} aria-labelledby={id}>
      <header className={classes.header}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
