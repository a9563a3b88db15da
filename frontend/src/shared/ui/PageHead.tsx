import type { ReactNode } from "react";
import { useTitle } from "@/shared/lib/title";
import classes from "./PageHead.module.css";

type Props = { title: string; children?: ReactNode; actions?: ReactNode };

/** The first line of a screen: its title, views or facts next to it, actions at the end. Also sets the tab's title. */
export function PageHead({ title, children, actions }: Props) {
  useTitle(title);
  return (
    <header className={classes.head}>
      <h1 className={classes.title}>{title}</h1>
      {children}
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}
