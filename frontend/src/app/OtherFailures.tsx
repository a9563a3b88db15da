import { useFailures, useHiddenFailures } from "@/shared/graphql/failures";
import { isLost, useLink } from "@/shared/graphql/link";
import { isOf } from "@/shared/graphql/live";
import { RetryButton, sentenceOf } from "@/shared/ui/ErrorState";
import classes from "./Shell.module.css";

/** Errors that answer the query itself: the component that sent it shows them. */
const ANSWERS = ["NOT_FOUND", "FORBIDDEN", "VALIDATION"];

/**
 * Reports failed reads that no component shows, so that no part of the page is missing without a message. Where
 * another error is visible, that one has the reason and the retry button.
 */
export function OtherFailures() {
  const { phase } = useLink();
  const all = useHiddenFailures();
  const others = useFailures().length > all.length;
  const hidden = all.filter(({ error }) => !ANSWERS.some((code) => isOf(error, code)));
  const first = hidden[0];
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
      {!others && hidden.some(({ again }) => again) && <RetryButton />}
    </div>
  );
}
