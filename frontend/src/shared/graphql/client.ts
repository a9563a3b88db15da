import { Client, fetchExchange, mapExchange, subscriptionExchange } from "@urql/core";
import type { Client as Socket } from "graphql-ws";
import type { LinkStore } from "./link";

/** In an operation's context: variables that a resumed subscription sends instead of its first ones. */
export type Resume = { resume?: () => Record<string, unknown> };

/** No cache: what is on the screen is fed by subscriptions and folded by seq, in each screen's own reducer. */
export function makeClient(socket: Socket, link: LinkStore): Client {
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "network-only",
    fetchOptions: { credentials: "same-origin", headers: { "X-Headway-Channel": "ui" } },
    exchanges: [
      mapExchange({
        onError: (error) => {
          if (error.response?.status === 401) link.move({ type: "refused", at: Date.now() });
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request, operation) => ({
          subscribe: (sink) => {
            const resume = (operation.context as Resume).resume;
            const payload = {
              query: request.query ?? "",
              // Read anew each time graphql-ws sends it, so that after a reconnect it goes on behind the last cursor.
              get variables() {
                return { ...request.variables, ...resume?.() };
              },
            };
            // urql takes a subscription for open while `hasNext` is not false, and one that is open cannot be asked again.
            const ending = {
              next: sink.next.bind(sink),
              complete: sink.complete.bind(sink),
              error: (problem: unknown) => {
                if (!Array.isArray(problem)) return sink.error(problem);
                sink.next({ errors: problem, hasNext: false });
                sink.complete();
              },
            };
            return { unsubscribe: socket.subscribe(payload, ending as never) };
          },
        }),
      }),
    ],
  });
}
