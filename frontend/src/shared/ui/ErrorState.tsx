import type { CombinedError } from "@urql/core";
import classes from "./States.module.css";

/** What a read that failed says: the page repeats it by itself once the server is back. */
export function sentenceOf(error: CombinedError): string {
  return unreachable(error, "Headway cannot be reached. This page tries again by itself.");
}

/** What a question says that failed and that nobody asks again: it changes nothing. */
export function answerSentenceOf(error: CombinedError): string {
  return unreachable(error, "Headway cannot be reached. Try again.");
}

/** What a mutation that failed says: nobody repeats it, and whether the server did it is not known. */
export function mutationSentenceOf(error: CombinedError): string {
  return unreachable(
    error,
    "Headway cannot be reached, so this may not have been done. Check the state, then try again.",
  );
}

/** A reader's sentence; the words of the transport are only for when there is nothing better. */
function unreachable(error: CombinedError, sentence: string): string {
  if (error.response?.status === 401)
    return "You are signed out. Open the link that `headway serve` printed.";
  if (error.networkError) return sentence;
  return error.graphQLErrors.map((one) => one.message).join("; ") || error.message;
}

export function ErrorState({ error, what }: { error: CombinedError; what: string }) {
  return (
    <div className={classes.error} role="alert">
      <strong>{what} could not be loaded.</strong> {sentenceOf(error)}
    </div>
  );
}
