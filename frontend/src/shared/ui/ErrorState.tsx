import { Button } from "@mantine/core";
import type { CombinedError } from "@urql/core";
import { askAgain, useTold } from "@/shared/graphql/failures";
import { useLink } from "@/shared/graphql/link";
import { isRefusal, isTooMany, isUnavailable, waitOf } from "@/shared/graphql/retry";
import classes from "./States.module.css";

/** What a read that failed says: the page repeats it by itself once the server is back. */
export function sentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} This page tries again ${whenOf(error) ?? "by itself"}.`;
  const away = isUnavailable(error) && error.graphQLErrors[0]?.message.replace(/; try again$/, "");
  if (away) return `The server cannot answer for now: ${away}. This page tries again by itself.`;
  return unreachable(error, "Headway cannot be reached. This page tries again by itself.");
}

/** What a question says that failed and that nobody asks again: it changes nothing. */
export function answerSentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} Try again${spaced(whenOf(error))}.`;
  return unreachable(error, "Headway cannot be reached. Try again.");
}

/** What a mutation that failed says: nobody repeats it, and whether the server did it is not always known. */
export function mutationSentenceOf(error: CombinedError): string {
  if (isTooMany(error)) return `${tooMany(error)} This was not done; try again${spaced(whenOf(error))}.`;
  return unreachable(
    error,
    "Headway cannot be reached, so this may not have been done. Check the state, then try again.",
  );
}

/** Why the server waits with this user, in its own words where it gave some. */
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

/** A reader's sentence; the words of the transport are only for when there is nothing better. */
function unreachable(error: CombinedError, sentence: string): string {
  if (error.response?.status === 401) return "You are signed out; sign in again.";
  if (error.networkError) return sentence;
  return error.graphQLErrors.map((one) => one.message).join("; ") || error.message;
}

type Props = { error: CombinedError; what: string };

/** Tells of a read that failed, in the place of what it would show; the button asks at once. */
export function ErrorState({ error, what }: Props) {
  useTold(error);
  const { phase } = useLink();
  // That is told once, with the way to sign in, and is the reason of this too.
  if (phase === "signed-out") return null;
  return (
    <div className={classes.error} role="alert">
      <p>
        <strong>{what} could not be loaded.</strong> {sentenceOf(error)}
      </p>
      {!isRefusal(error) && <AskAgain />}
    </div>
  );
}

export function AskAgain() {
  return (
    <Button size="compact-sm" variant="default" onClick={askAgain}>
      Try again
    </Button>
  );
}
