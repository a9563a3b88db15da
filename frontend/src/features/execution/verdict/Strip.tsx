import type { ReactNode } from "react";
import type { Tone } from "@/shared/ui/stateTokens";
import classes from "./Strip.module.css";

type Props = {
  label: string;
  tone: Tone | "at";
  /** For what one should know, but need not act upon at once. */
  quiet?: boolean;
  who: ReactNode;
  cause?: ReactNode;
  also?: ReactNode;
  /** What to do about it. */
  fix?: ReactNode;
  facts?: ReactNode;
};

/** The loudest thing on the page: who, the cause as the only large text, what follows from it, and one fix. */
export function Strip({ label, tone, quiet, who, cause, also, fix, facts }: Props) {
  return (
    <section className={classes.strip} aria-label={label} data-tone={tone} data-quiet={quiet || undefined}>
      <div className={classes.top}>
        <div className={classes.words}>
          <p className={classes.who}>{who}</p>
          {cause && <p className={classes.cause}>{cause}</p>}
          {also && <div className={classes.also}>{also}</div>}
        </div>
        {fix && <div className={classes.fix}>{fix}</div>}
      </div>
      {facts}
    </section>
  );
}
