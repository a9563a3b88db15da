import { useFailures, useUntold } from "@/shared/graphql/failures";
import { isLost, useLink } from "@/shared/graphql/link";
import { isOf } from "@/shared/graphql/live";
import { AskAgain, sentenceOf } from "@/shared/ui/ErrorState";
import classes from "./Shell.module.css";

/** Answers to the question itself: whoever asks draws them. */
const ANSWERS = ["NOT_FOUND", "FORBIDDEN", "VALIDATION"];

/**
 * Tells of reads that failed where nothing tells it in their own place, so that no part is missing without a word. The
 * reason, and the button that asks for all, stand where another failure is told.
 */
export function Untold() {
  const { phase } = useLink();
  const all = useUntold();
  const others = useFailures().length > all.length;
  const untold = all.filter(({ error }) => !ANSWERS.some((code) => isOf(error, code)));
  const first = untold[0];
  if (!first || isLost(phase)) return null;
  return (
    <div className={classes.notice} role="alert">
      <p>
        {others ? (
          "Other parts of this page could not be loaded either."
        ) : (
          <>
            <strong>Parts of this page could not be loaded.</strong> {sentenceOf(first.error)}
          </>
        )}
      </p>
      {!others && untold.some(({ again }) => again) && <AskAgain />}
    </div>
  );
}
