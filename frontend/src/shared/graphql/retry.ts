import type { CombinedError, OperationResult } from "@urql/core";
import { useEffect, useEffectEvent, useRef } from "react";
import { failures } from "./failures";
import { link } from "./link";

export const FIRST_RETRY = 2_000;
export const LAST_RETRY = 30_000;

const UNAVAILABLE = "UNAVAILABLE";
const TOO_MANY = "TOO_MANY_REQUESTS";
/** Codes of failures that pass; an error without a code may pass too. */
const PASSING: ReadonlySet<unknown> = new Set([
  undefined,
  UNAVAILABLE,
  "INTERNAL",
  "SERVER_STOPPING",
  TOO_MANY,
]);
/** Of answers that say nothing of the question, whatever their code. */
const PASSING_STATUS: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);

/** Whether the server would refuse the same again, so that asking again is of no use. */
export function isRefusal(error: CombinedError): boolean {
  const status = error.response?.status;
  if (PASSING_STATUS.has(status)) return false;
  if (error.networkError) return status === 401;
  return !error.graphQLErrors.some(({ extensions }) => PASSING.has(extensions?.code));
}

/** Whether more was asked than the server allows in so short a time: it has done nothing of it. */
export function isTooMany(error: CombinedError): boolean {
  if (error.response?.status === 429) return true;
  return error.graphQLErrors.some(({ extensions }) => extensions?.code === TOO_MANY);
}

/** Whether the server takes no requests for now, whatever they are. */
export function isHeldUp(error: CombinedError): boolean {
  if (isTooMany(error) || PASSING_STATUS.has(error.response?.status)) return true;
  if (error.networkError) return error.response?.status !== 401;
  return isUnavailable(error);
}

/** Whether the server says that its database is away. */
export function isUnavailable(error: CombinedError): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions?.code === UNAVAILABLE);
}

/** After how many milliseconds the server says that it takes requests again. */
export function waitOf(error: CombinedError): number | undefined {
  const header = (error.response as Response | undefined)?.headers?.get("retry-after");
  const told = error.graphQLErrors.map(({ extensions }) => extensions?.retryAfter);
  const seconds = [...told, header ?? undefined].map(Number).filter((one) => one > 0);
  return seconds.length ? Math.max(...seconds) * 1_000 : undefined;
}

/** After too much was asked, as long as the server says; after all else not sooner than that, and later each time. */
export function pauseAfter(error: CombinedError, delay: number): number {
  const told = waitOf(error) ?? 0;
  return isTooMany(error) && told ? told : Math.max(delay, told);
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
    if (isRefusal(failed)) return failures.add({ error: failed });
    const passed = failures.add({ error: failed, again: () => ask() });
    const timer = setTimeout(() => ask(), pauseAfter(failed, delay.current));
    delay.current = Math.min(LAST_RETRY, delay.current * 2);
    return () => {
      clearTimeout(timer);
      passed();
    };
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
  let passed = () => {};
  try {
    for (let delay = FIRST_RETRY; ; delay = Math.min(LAST_RETRY, delay * 2)) {
      const { data, error } = await read();
      passed();
      if (stopped.aborted) return undefined;
      tell(error);
      if (!error) return data;
      if (isRefusal(error)) return undefined;
      const nap = new Nap(pauseAfter(error, delay), stopped);
      passed = failures.add({ error, again: nap.end });
      await nap.over;
      if (stopped.aborted) return undefined;
    }
  } finally {
    passed();
  }
}

/** Is over after a time, when the link is live again, when nobody waits any more, or when it is ended. */
class Nap {
  end: () => void = () => {};
  readonly over: Promise<void>;

  constructor(delay: number, stopped: AbortSignal) {
    const { epoch } = link.get();
    this.over = new Promise((resolve) => {
      this.end = () => {
        clearTimeout(timer);
        deaf();
        stopped.removeEventListener("abort", this.end);
        resolve();
      };
      const timer = setTimeout(this.end, delay);
      const deaf = link.subscribe(() => link.get().epoch !== epoch && this.end());
      stopped.addEventListener("abort", this.end);
    });
  }
}
