// Relay's own store pages over connections, forwards and backwards, with what relay-compiler made; prints the ids that
// it holds then, and those of one large page.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import relay from "relay-runtime";

const [url, token, folder, ids] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { Environment, Network, RecordSource, Store, fetchQuery, getPaginationVariables, getSingularSelector } = relay;
const made = (name) => {
  const module = require(join(folder, "__generated__", `${name}.graphql.js`));
  return module.default ?? module;
};

function newEnvironment() {
  const network = Network.create(async ({ text }, variables) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query: text, variables }),
    });
    const answer = await response.json();
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer;
  });
  return new Environment({ network, store: new Store(new RecordSource()) });
}

async function walked(fragment, id, direction, size) {
  const environment = newEnvironment();
  const { operation } = fragment.metadata.refetch;
  const field = fragment.metadata.connection[0].path.at(-1);
  const query = operation.default ?? operation;
  const nothing = { id, first: null, after: null, last: null, before: null };
  const forward = direction === "forward";
  const ask = (variables) => fetchQuery(environment, query, variables).toPromise();
  const root = await ask({ ...nothing, [forward ? "first" : "last"]: size });
  const selector = getSingularSelector(fragment, fragment.metadata.refetch.fragmentPathInResult.length ? root.node : root);
  for (let pages = 1; ; pages += 1) {
    const { data } = environment.lookup(selector);
    const { edges, pageInfo } = data[field];
    if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) {
      return { ids: edges.map(({ node }) => node.id), pages };
    }
    const cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
    const metadata = { forward: { count: "first", cursor: "after" }, backward: { count: "last", cursor: "before" } };
    await ask(getPaginationVariables(direction, size, cursor, nothing, {}, metadata));
  }
}

const names = readdirSync(join(folder, "__generated__"))
  .map((name) => name.replace(".graphql.js", ""))
  .filter((name) => !/(Query|Mutation|Subscription)$/.test(name));
const report = {};
for (const name of names) {
  const fragment = made(name);
  const id = JSON.parse(ids)[fragment.type];
  report[name] = {
    whole: (await walked(fragment, id, "forward", 200)).ids,
    forwards: await walked(fragment, id, "forward", 2),
    backwards: await walked(fragment, id, "backward", 2),
  };
}
console.log(JSON.stringify(report));
