// Copies the list of the page's documents next to the page. It is not for browsers: a server that accepts only listed
// documents reads it when it starts.
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
await copyFile(
  join(root, "frontend/src/shared/graphql/gen/documents.json"),
  join(root, "server/static/documents.json"),
);
