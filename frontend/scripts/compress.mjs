// Compresses the build once, so that the server only sends it: each file also as .br and .gz where that is smaller.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const built = join(dirname(fileURLToPath(import.meta.url)), "../../server/static");
const KINDS = new Set([".js", ".css", ".html", ".svg", ".json", ".ttf"]);
/** A smaller file fits into one packet uncompressed. */
const SMALLEST = 1400;
/** Above this size the best compression would take seconds: only GraphiQL's editor is that large. */
const LARGE = 500_000;

const brotli = (content) =>
  promisify(brotliCompress)(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: content.length > LARGE ? 9 : constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
const gzipped = (content) => promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION });

async function compress(path) {
  const content = await readFile(path);
  if (content.length < SMALLEST) return;
  for (const [suffix, code] of [
    [".br", brotli],
    [".gz", gzipped],
  ]) {
    const coded = await code(content);
    if (coded.length < content.length) await writeFile(`${path}${suffix}`, coded);
  }
}

const files = await readdir(built, { recursive: true });
await Promise.all(
  files.filter((file) => KINDS.has(extname(file))).map((file) => compress(join(built, file))),
);
