import type { CombinedError, OperationResult } from "@urql/core";
import { useEffect, useEffectEvent, useRef } from "react";
import { link } from "./link";

export const FIRST_RETRY = 2_000;
export const LAST_RETRY = 30_000;

/** Codes of failures that pass; an error without a code may pass too. */
const PASSING: ReadonlySet<unknown> = new Set([undefined, "UNAVAILABLE", "INTERNAL", "SERVER_STOPPING"]);

/** Whether the server would refuse the same again, so that asking again is of no use. */
export function isRefusal(error: CombinedError): boolean {
  if (error.networkError) return error.response?.status === 401;
  return !error.graphQLErrors.some(({ extensions }) => PASSING.has(extensions?.code));
}

/** Asks again after a read has failed, later each time. Each failure is an error of its own. */
export function useRetry(failed: CombinedError | undefined, again: () => void): void {
  const delay = useRef(FIRST_RETRY);
  const ask = useEffectEvent(again);
  useEffect(() => {
    if (!failed) {
      delay.current = FIRST_RETRY;
      return;
    }
    if (isRefusal(failed)) return;
    const timer = setTimeout(() => ask(), delay.current);
    delay.current = Math.min(LAST_RETRY, delay.current * 2);
    return () => clearTimeout(timer);
  }, [failed]);
}

/**
 * Reads until there is an answer: later each time, and at once when the link is live again. Each failure is told, and
 * the answer takes it back. Undefined when the server refuses, or when `stopped` says that nobody waits any more.
 */
export async function untilAnswered<Data>(
  read: () => Promise<OperationResult<Data>>,
  tell: (error: CombinedError | undefined) => void,
  stopped: AbortSignal,
): Promise<Data | undefined> {
  for (let delay = FIRST_RETRY; ; delay = Math.min(LAST_RETRY, delay * 2)) {
    const { data, error } = await read();
    if (stopped.aborted) return undefined;
    tell(error);
    if (!error) return data;
    if (isRefusal(error)) return undefined;
    await pause(delay, stopped);
    if (stopped.aborted) return undefined;
  }
}

function pause(delay: number, stopped: AbortSignal): Promise<void> {
  const { epoch } = link.get();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      deaf();
      stopped.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delay);
    const deaf = link.subscribe(() => link.get().epoch !== epoch && done());
    stopped.addEventListener("abort", done);
  });
}
