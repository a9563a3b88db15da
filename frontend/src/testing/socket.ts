import { Client, subscriptionExchange } from "@urql/core";
import { executeExchange } from "@urql/exchange-execute";
import { parse, subscribe } from "graphql";
import type { Resume } from "@/shared/graphql/client";
import { schema, type World } from "./world";

/** As `clientOf`, with subscriptions as over the page's socket: they end, and resume with the variables of `resume`. */
export function socketClientOf(world: World): Client {
  const socket = subscriptionExchange({
    forwardSubscription: ({ query, variables }, { context }) => ({
      subscribe: (sink) => {
        const variableValues = { ...variables, ...(context as Resume).resume?.() };
        const document = parse(query!);
        const started = Promise.resolve(subscribe({ schema, document, rootValue: world, variableValues }));
        void started.then(async (stream) => {
          if (!(Symbol.asyncIterator in stream)) sink.next(stream as never);
          else for await (const result of stream) sink.next(result as never);
          sink.complete();
        });
        const stop = async () => {
          const stream = await started;
          if (Symbol.asyncIterator in stream) await stream.return(undefined);
        };
        return { unsubscribe: () => void stop() };
      },
    }),
  });
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "network-only",
    exchanges: [socket, executeExchange({ schema, rootValue: world })],
  });
}
