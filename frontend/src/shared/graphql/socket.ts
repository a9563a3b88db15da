import { type Client, createClient } from "graphql-ws";
import type { LinkStore } from "./link";

const PING_EVERY = 10_000;
const PONG_WITHIN = 5_000;
const OVERDUE_AFTER = 10_000;
const FORBIDDEN = 4403;
const UNAUTHORIZED = 4401;

/** The page's only socket, always open, so that the link indicator is accurate. */
export function openSocket(url: string, link: LinkStore): Client {
  let overdue: ReturnType<typeof setTimeout> | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;
  let reason: string | undefined;
  const wait = () => {
    overdue ??= setTimeout(() => link.move({ type: "overdue", at: Date.now() }), OVERDUE_AFTER);
  };
  const refused = (problem: unknown) => {
    const code = problem instanceof CloseEvent ? problem.code : 0;
    const type = code === UNAUTHORIZED || code === FORBIDDEN ? "refused" : "overdue";
    link.move({ type: "lost", at: Date.now() });
    link.move({ type, at: Date.now(), reason });
  };

  wait();
  const client = createClient({
    url,
    connectionParams: { channel: "ui" },
    lazy: false,
    keepAlive: PING_EVERY,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: backoff,
    // Closed because the viewer's permissions have changed, or the session ended: the next handshake shows which.
    shouldRetry: (problem) => !(problem instanceof CloseEvent && isForeign(problem)),
    onNonLazyError: refused,
    on: {
      connected: () => {
        clearTimeout(overdue);
        overdue = undefined;
        reason = undefined;
        link.move({ type: "opened", at: Date.now() });
      },
      closed: (problem) => {
        clearTimeout(pong);
        if (problem instanceof CloseEvent && problem.code === UNAUTHORIZED) return refused(problem);
        // The next handshake shows whether the session has ended, but not why.
        reason = problem instanceof CloseEvent && problem.code === FORBIDDEN ? problem.reason : undefined;
        link.move({ type: "lost", at: Date.now() });
        wait();
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_WITHIN);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
    },
  });
  lookOnReturn(client, link);
  return client;
}

/** Retries only on focus while signed out: the viewer may have signed in in another tab. */
function lookOnReturn(client: Client, link: LinkStore): void {
  let looks = false;
  const over = () => {
    looks = false;
  };
  const look = () => {
    if (looks || document.hidden || link.get().phase !== "signed-out") return;
    looks = true;
    client.subscribe({ query: "{ __typename }" }, { next: () => {}, error: over, complete: over });
  };
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
}

/** Refused because of the page's origin, which a retry does not change. */
function isForeign({ code, reason }: CloseEvent): boolean {
  return code === FORBIDDEN && reason.startsWith("Forbidden");
}

/** 0.3 s doubling to 5 s, with jitter; ends early when the browser is online again. */
function backoff(retries: number): Promise<void> {
  const delay = Math.min(5_000, 300 * 2 ** retries) * (0.75 + Math.random() / 2);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, delay);
    window.addEventListener("online", done);
  });
}
