// Typed documents from the committed SDL: every src/**/*.graphql file, into src/shared/graphql/gen/graphql.ts.
// With --check nothing is written; a difference ends with code 1.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildASTSchema, parse } from "graphql";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/shared/graphql/gen/graphql.ts");
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

if (!process.argv.includes("--check")) {
  writeFileSync(target, generated);
} else if (readFileSync(target, "utf8") !== generated) {
  console.error("gen/graphql.ts differs from the SDL and the .graphql files: npm run generate");
  process.exit(1);
}
