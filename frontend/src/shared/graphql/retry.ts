import type { CombinedError, OperationResult } from "@urql/core";
import { useEffect, useEffectEvent, useRef } from "react";
import { failures } from "./failures";
import { link } from "./link";

export const FIRST_RETRY = 2_000;
export const LAST_RETRY = 30_000;

const UNAVAILABLE = "UNAVAILABLE";
const TOO_MANY = "TOO_MANY_REQUESTS";
/** Codes of temporary failures; an error without a code may be temporary too. */
const PASSING: ReadonlySet<unknown> = new Set([
  undefined,
  UNAVAILABLE,
  "INTERNAL",
  "SERVER_STOPPING",
  TOO_MANY,
]);
/** HTTP statuses that do not depend on the request, whatever the code. */
const PASSING_STATUS: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);

/** Whether the server would refuse the same request again, so that a retry is useless. */
export function isRefusal(error: CombinedError): boolean {
  const status = error.response?.status;
  if (PASSING_STATUS.has(status)) return false;
  if (error.networkError) return status === 401;
  return !error.graphQLErrors.some(({ extensions }) => PASSING.has(extensions?.code));
}

/** Whether the request was rate-limited: the server has not run it. */
export function isTooMany(error: CombinedError): boolean {
  if (error.response?.status === 429) return true;
  return error.graphQLErrors.some(({ extensions }) => extensions?.code === TOO_MANY);
}

/** Whether the server currently accepts no requests at all. */
export function isHeldUp(error: CombinedError): boolean {
  if (isTooMany(error) || PASSING_STATUS.has(error.response?.status)) return true;
  if (error.networkError) return error.response?.status !== 401;
  return isUnavailable(error);
}

/** Whether the server reports that its database is unreachable. */
export function isUnavailable(error: CombinedError): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions?.code === UNAVAILABLE);
}

/** The server's retry delay, in milliseconds. */
export function waitOf(error: CombinedError): number | undefined {
  const header = (error.response as Response | undefined)?.headers?.get("retry-after");
  const delays = error.graphQLErrors.map(({ extensions }) => extensions?.retryAfter);
  const seconds = [...delays, header ?? undefined].map(Number).filter((one) => one > 0);
  return seconds.length ? Math.max(...seconds) * 1_000 : undefined;
}

/** The delay of the next retry, in ms: if rate-limited, the server's delay; else at least that, and growing. */
export function pauseAfter(error: CombinedError, delay: number): number {
  const wait = waitOf(error) ?? 0;
  return isTooMany(error) && wait ? wait : Math.max(delay, wait);
}

/** Retries a failed read with growing delays. Each failure must be a new error object. */
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
 * Retries a read until there is an answer: with growing delays, and at once after a reconnect. `report` gets each
 * failure, and undefined with the answer. Returns undefined when the server refuses, or when `stopped` is aborted.
 */
export async function untilAnswered<Data>(
  read: () => Promise<OperationResult<Data>>,
  report: (error: CombinedError | undefined) => void,
  stopped: AbortSignal,
): Promise<Data | undefined> {
  let passed = () => {};
  try {
    for (let delay = FIRST_RETRY; ; delay = Math.min(LAST_RETRY, delay * 2)) {
      const { data, error } = await read();
      passed();
      if (stopped.aborted) return undefined;
      report(error);
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

/** Ends after a delay, after a reconnect, when `stopped` is aborted, or when `end` is called. */
class Nap {
  end: () => void = () => {};
  readonly over: Promise<void>;

  constructor(delay: number, stopped: AbortSignal) {
    const { epoch } = link.get();
    this.over = new Promise((resolve) => {
      this.end = () => {
        clearTimeout(timer);
        unsubscribe();
        stopped.removeEventListener("abort", this.end);
        resolve();
      };
      const timer = setTimeout(this.end, delay);
      const unsubscribe = link.subscribe(() => link.get().epoch !== epoch && this.end());
      stopped.addEventListener("abort", this.end);
    });
  }
}
