import { Client, fetchExchange, mapExchange, subscriptionExchange } from "@urql/core";
import type { Client as Socket } from "graphql-ws";
import type { LinkStore } from "./link";

/** In an operation's context: variables that a resumed subscription sends instead of its original ones. */
export type Resume = { resume?: () => Record<string, unknown> };

/** Without a cache: subscriptions update the data on the screen, by seq, in each screen's own reducer. */
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
              // Evaluated each time graphql-ws sends the subscription, so that after a reconnect it resumes after the last cursor.
              get variables() {
                return { ...request.variables, ...resume?.() };
              },
            };
            // urql regards a subscription as open while `hasNext` is not false, and does not send an open one again.
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
