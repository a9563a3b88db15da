export type Kind = "image" | "csv" | "tsv" | "json" | "markdown" | "text";

const BY_ENDING: Record<string, Kind> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  csv: "csv",
  tsv: "tsv",
  json: "json",
  geojson: "json",
  md: "markdown",
  markdown: "markdown",
};

/** The kind of preview, by the file's name; the server decides whether a file may be previewed at all. */
export function kindOf(name: string): Kind {
  return BY_ENDING[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "text";
}

/** The value of a JSON text; undefined when it is truncated or not valid JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
