// Typed documents from the committed SDL: every src/**/*.graphql file, into src/shared/graphql/gen/graphql.ts. Also
// writes all operations as text by their sha256, for servers that accept only listed documents.
// With --check nothing is written; a difference exits with code 1.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildASTSchema, concatAST, parse, print, separateOperations } from "graphql";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/shared/graphql/gen/graphql.ts");
const list = join(root, "src/shared/graphql/gen/documents.json");
const schema = parse(readFileSync(join(root, "../schema/schema.graphql"), "utf8"));

function documents() {
  const paths = readdirSync(join(root, "src"), { recursive: true }).filter((path) =>
    path.endsWith(".graphql"),
  );
  return paths.sort().map((path) => {
    const rawSDL = readFileSync(join(root, "src", path), "utf8");
    return { location: path, rawSDL, document: parse(rawSDL) };
  });
}

const sections = await preset.buildGeneratesSection({
  baseOutputDir: "gen/",
  schema,
  schemaAst: buildASTSchema(schema),
  documents: documents(),
  config: {
    useTypeImports: true,
    enumsAsTypes: true,
    scalars: { DateTime: "string", JSON: "unknown", BigInt: "string | number" },
  },
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
});
const generated = await codegen(sections.find((section) => section.filename === "gen/graphql.ts"));

/** The operations, each with the fragments that it needs, by hash: `{sha256: text}`. */
function listed() {
  const whole = concatAST(documents().map(({ document }) => document));
  const texts = Object.values(separateOperations(whole)).map(print);
  const hashed = texts.map((text) => [createHash("sha256").update(text).digest("hex"), text]);
  return `${JSON.stringify(Object.fromEntries(hashed.sort()), null, 1)}\n`;
}

for (const [path, content] of [
  [target, generated],
  [list, listed()],
]) {
  if (!process.argv.includes("--check")) {
    writeFileSync(path, content);
  } else if (readFileSync(path, "utf8") !== content) {
    console.error(`${path} differs from the SDL and the .graphql files: npm run generate`);
    process.exit(1);
  }
}
