// The clients that browsers use, graphql-ws and graphql-sse, against the server; prints what they got.
import { createClient as createSse } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);

async function gathered(client, query, variables) {
  const results = [];
  try {
    for await (const result of client.iterate({ query, variables })) results.push(result);
  } catch (error) {
    results.push({ thrown: Array.isArray(error) ? error.map((one) => one.message) : String(error) });
  }
  return results;
}

const count = "subscription ($to: Int!) { count(to: $to) { number } }";
const socket = createSocket({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { token, channel: "ui" },
  retryAttempts: 0,
});
const sse = createSse({
  url: `${url}/stream`,
  headers: { authorization: `Bearer ${token}` },
  retryAttempts: 0,
});

const report = {};
for (const [name, client] of Object.entries({ socket, sse })) {
  report[name] = {
    count: (await gathered(client, count, { to: 5 })).map((result) => result.data.count.number),
    query: await gathered(client, "{ hello actor }"),
    mutation: await gathered(client, "mutation { bump(by: 2) }"),
    invalid: await gathered(client, "{ nothing }"),
    after: await gathered(client, "{ hello }"),
  };
  const iterator = client.iterate({ query: count, variables: { to: 1000000 } });
  report[name].first = (await iterator.next()).value.data.count.number;
  await iterator.return();
  await client.dispose();
}
console.log(JSON.stringify(report));
