// How much the page costs before it shows something: the entry's scripts and each lazy page's, gzipped, from Vite's manifest.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const built = join(dirname(fileURLToPath(import.meta.url)), "../../server/static");
const ENTRY = 200 * 1024;
const PAGE = 130 * 1024;

const manifest = JSON.parse(readFileSync(join(built, "manifest.json"), "utf8"));

/** A chunk with everything that it needs at once. */
function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const needed of manifest[name].imports ?? []) closure(needed, found);
  return found;
}

const weight = (names) =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(built, manifest[name].file))).length, 0);

const entry = closure("index.html");
const lines = [["entry", weight(entry), ENTRY]];
for (const name of [...entry].flatMap((chunk) => manifest[chunk].dynamicImports ?? [])) {
  const own = [...closure(name)].filter((chunk) => !entry.has(chunk));
  lines.push([name, weight(own), PAGE]);
}

let over = false;
for (const [name, bytes, budget] of lines) {
  over ||= bytes > budget;
  console.log(
    `${(bytes / 1024).toFixed(1).padStart(7)} of ${budget / 1024} KB  ${name}${bytes > budget ? "  OVER" : ""}`,
  );
}
process.exit(over ? 1 : 0);
