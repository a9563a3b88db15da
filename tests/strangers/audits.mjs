// All audits of graphql-http against the server; prints those that are not ok.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const results = await Promise.all(serverAudits({ url, fetchFn }).map((audit) => audit.fn()));
const failed = results.filter((result) => result.status !== "ok");
for (const result of results) await result.response?.body?.cancel?.().catch(() => {});
console.log(
  JSON.stringify({
    total: results.length,
    failed: failed.map(({ id, name, status, reason }) => ({ id, name, status, reason })),
  }),
);
