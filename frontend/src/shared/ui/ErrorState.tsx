import { Button } from "@mantine/core";
import type { CombinedError } from "@urql/core";
import { retryAll, useShownError } from "@/shared/graphql/failures";
import { useLink } from "@/shared/graphql/link";
import { isRefusal, isTooMany, isUnavailable, waitOf } from "@/shared/graphql/retry";
import classes from "./States.module.css";

/** The message of a failed read, which the page retries by itself. */
export function sentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} This page tries again ${whenOf(error) ?? "by itself"}.`;
  const away = isUnavailable(error) && error.graphQLErrors[0]?.message.replace(/; try again$/, "");
  if (away) return `The server cannot answer for now: ${away}. This page tries again by itself.`;
  return unreachable(error, "Headway cannot be reached. This page tries again by itself.");
}

/** The message of a failed query that is not retried by itself: it changed nothing. */
export function answerSentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} Try again${spaced(whenOf(error))}.`;
  return unreachable(error, "Headway cannot be reached. Try again.");
}

/** The message of a failed mutation: it is not retried, and whether the server ran it is not always known. */
export function mutationSentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} This was not done; try again${spaced(whenOf(error))}.`;
  return unreachable(
    error,
    "Headway cannot be reached, so this may not have been done. Check the state, then try again.",
  );
}

/** Why the server refuses this user's requests for now, in its own words if it gave some. */
function tooMany(error: CombinedError): string {
  const why = error.graphQLErrors[0]?.message.replace(/; try again in \d+ s$/, "");
  return `The server refuses requests for now${why ? `: ${why}` : ""}.`;
}

function whenOf(error: CombinedError): string | undefined {
  const wait = waitOf(error);
  return wait ? `in ${Math.ceil(wait / 1_000)} s` : undefined;
}

function spaced(words: string | undefined): string {
  return words ? ` ${words}` : "";
}

/** A readable message; the transport's text only if there is nothing better. */
function unreachable(error: CombinedError, sentence: string): string {
  if (error.response?.status === 401) return "You are signed out; sign in again.";
  if (error.networkError) return sentence;
  return error.graphQLErrors.map((one) => one.message).join("; ") || error.message;
}

type Props = { error: CombinedError; what: string };

/** The error of a failed read, in place of its data; the button retries at once. */
export function ErrorState({ error, what }: Props) {
  useShownError(error);
  const { phase } = useLink();
  // The sign-out is shown once, with the link to sign in, and is the reason for this error too.
  if (phase === "signed-out") return null;
  return (
    <div className={classes.error} role="alert">
      <p>
        <strong>{what} could not be loaded.</strong> {sentenceOf(error)}
      </p>
      {!isRefusal(error) && <RetryButton />}
    </div>
  );
}

export function RetryButton() {
  return (
    <Button size="compact-sm" variant="default" onClick={retryAll}>
      Try again
    </Button>
  );
}
