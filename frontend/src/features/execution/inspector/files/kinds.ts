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

/** How a file is drawn, by its name; the server says whether it may be shown at all. */
export function kindOf(name: string): Kind {
  return BY_ENDING[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "text";
}

/** The value that a JSON text holds; undefined when it is cut or no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
