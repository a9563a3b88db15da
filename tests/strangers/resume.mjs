// graphql-ws's own client follows an execution, is cut off again and again, and resumes after its cursor; prints the seqs.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, id] = process.argv.slice(2);
const query = `subscription ($id: ID!, $after: Int) {
  executionEvents(id: $id, after: $after) { seq type terminal } }`;
const seqs = [];
let cuts = 0;
let over = false;

async function follow(atMost) {
  const client = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
    lazyCloseTimeout: 0,
  });
  let socket;
  client.on("connected", (opened) => {
    socket = opened;
  });
  let taken = 0;
  try {
    for await (const { data } of client.iterate({ query, variables: { id, after: seqs.at(-1) ?? 0 } })) {
      seqs.push(data.executionEvents.seq);
      over = data.executionEvents.terminal;
      taken += 1;
      if (taken === atMost) {
        socket.terminate();
        break;
      }
    }
  } catch {
    // cut off: that is the point
  }
  client.terminate();
}

while (!over) {
  await follow(3);
  cuts += 1;
}
console.log(JSON.stringify({ seqs, cuts }));
