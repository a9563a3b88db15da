import { type ReactNode, useState } from "react";
import { usePhone } from "@/shared/lib/phone";
import type { Tone } from "@/shared/ui/stateTokens";
import classes from "./Strip.module.css";

type Props = {
  label: string;
  tone: Tone | "at";
  /** For information that needs no action at once. */
  quiet?: boolean;
  /** On a phone it is short until it is opened, so that the content below it is visible. */
  folds?: boolean;
  who: ReactNode;
  cause?: ReactNode;
  also?: ReactNode;
  /** The suggested action. */
  fix?: ReactNode;
  facts?: ReactNode;
};

/** The most prominent part of the page: who, the cause as the only large text, the consequences, and one fix. */
export function Strip({ label, tone, quiet, folds = false, who, cause, also, fix, facts }: Props) {
  const phone = usePhone();
  const [open, setOpen] = useState(false);
  const mayFold = folds && phone;
  return (
    <section
      className={classes.strip}
      aria-label={label}
      data-tone={tone}
      data-quiet={quiet || undefined}
      data-folded={(mayFold && !open) || undefined}
    >
      <div className={classes.top}>
        <div className={classes.words}>
          <p className={classes.who}>{who}</p>
          {cause && <p className={classes.cause}>{cause}</p>}
          {also && <div className={classes.also}>{also}</div>}
        </div>
        {(fix || mayFold) && (
          <div className={classes.fix}>
            {fix}
            {mayFold && (
              <button
                type="button"
                className={classes.more}
                aria-expanded={open}
                onClick={() => setOpen(!open)}
              >
                {open ? "Less" : "More"}
              </button>
            )}
          </div>
        )}
      </div>
      {!phone && facts}
    </section>
  );
}
