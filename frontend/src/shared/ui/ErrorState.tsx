import type { CombinedError } from "@urql/core";
import classes from "./States.module.css";

/** A reader's sentence; the words of the transport are only for when there is nothing better. */
export function sentenceOf(error: CombinedError): string {
  if (error.response?.status === 401)
    return "You are signed out. Open the link that `headway serve` printed.";
  if (error.networkError) return "Headway cannot be reached. This page tries again by itself.";
  return error.graphQLErrors.map((one) => one.message).join("; ") || error.message;
}

export function ErrorState({ error, what }: { error: CombinedError; what: string }) {
  return (
    <div className={classes.error} role="alert">
      <strong>{what} could not be loaded.</strong> {sentenceOf(error)}
    </div>
  );
}
