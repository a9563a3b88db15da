// The size of the page before it shows something, in bytes as they are sent (brotli, if compressed): the scripts and
// styles of the entry and of each lazy page, from Vite's manifest.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const built = join(dirname(fileURLToPath(import.meta.url)), "../../server/static");
const ENTRY = 200 * 1024;
const PAGE = 130 * 1024;

const manifest = JSON.parse(readFileSync(join(built, "manifest.json"), "utf8"));

/** A chunk with all chunks that it imports statically. */
function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const needed of manifest[name].imports ?? []) closure(needed, found);
  return found;
}

function sent(file) {
  const path = join(built, file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
}

/** The files of chunks with their styles, each once. */
function weight(names) {
  const files = new Set([...names].flatMap((name) => [manifest[name].file, ...(manifest[name].css ?? [])]));
  return [...files].reduce((sum, file) => sum + sent(file), 0);
}

const entry = closure("index.html");
const lines = [["entry", weight(entry), ENTRY]];
/** The chunks that are loaded later, from the entry or from other lazy chunks: only those not loaded by then. */
const seen = new Set();
const later = (chunks, there) => {
  for (const name of chunks.flatMap((chunk) => manifest[chunk].dynamicImports ?? [])) {
    if (seen.has(name)) continue;
    seen.add(name);
    const own = [...closure(name)].filter((chunk) => !there.has(chunk));
    lines.push([name, weight(own), PAGE]);
    later(own, new Set([...there, ...own]));
  }
};
later([...entry], entry);

let over = false;
for (const [name, bytes, budget] of lines) {
  over ||= bytes > budget;
  console.log(
    `${(bytes / 1024).toFixed(1).padStart(7)} of ${budget / 1024} KB  ${name}${bytes > budget ? "  OVER" : ""}`,
  );
}
process.exit(over ? 1 : 0);
