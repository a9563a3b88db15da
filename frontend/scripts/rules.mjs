// Rules that the linter cannot express: imports between layers, the length of components, no polling, no own modals.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const source = join(dirname(fileURLToPath(import.meta.url)), "../src");
const LONGEST = 200;
/** Folders, from the one that may import all others to the one that may import none. */
const LAYERS = ["app", "routes", "features", "entities", "shared"];
const POLLING = /\bsetInterval\(|\bpollInterval\b/;
const MODAL = /\bModal\b[^;]*from "@mantine\/core"/;
const DIALOG = join("shared", "ui", "Dialog.tsx");
const CLOCK = join("shared", "lib", "now.ts");

const problems = [];
const unruled = /\/gen\/|^testing\/|\.test\./;
const files = readdirSync(source, { recursive: true }).filter(
  (path) => /\.tsx?$/.test(path) && !unruled.test(path),
);

/** The files of the page that a file imports, statically or dynamically, by their path below the source. */
function importsOf(path, text) {
  const found = text.matchAll(/(?:\bfrom|\bimport|\bimport\() ?"(@\/|\.{1,2}\/)([^"]+)"/g);
  return [...found].map(([, start, rest]) =>
    start === "@/" ? rest : posix.join(posix.dirname(path), start, rest),
  );
}

for (const path of files) {
  const text = readFileSync(join(source, path), "utf8");
  const [layer, feature] = path.split("/");
  for (const target of importsOf(path, text)) {
    const [other, otherFeature] = target.split("/");
    if (!LAYERS.includes(layer)) continue;
    if (LAYERS.indexOf(other) < LAYERS.indexOf(layer))
      problems.push(`${path}: ${layer} must not import ${other}`);
    if (layer === other && layer === "features" && otherFeature !== feature) {
      problems.push(`${path}: features must not import each other (${otherFeature})`);
    }
  }
  if (path.endsWith(".tsx") && text.split("\n").length > LONGEST)
    problems.push(`${path}: longer than ${LONGEST} lines`);
  if (path !== CLOCK && POLLING.test(text)) problems.push(`${path}: polls; subscribe instead`);
  if (path !== DIALOG && MODAL.test(text))
    problems.push(`${path}: draws its own modal; use shared/ui/Dialog`);
  if (text.includes("dangerouslySetInnerHTML")) problems.push(`${path}: sets HTML`);
}

for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
