import type { RunInputFragment } from "@/shared/graphql/gen/graphql";

export type Field = RunInputFragment;
/** The value of a form field: text for most, a boolean for BOOL, a list for MULTISELECT, a file's id for FILE. */
export type Entry = string | boolean | string[] | Uploading | null;
/** A file being uploaded: the form is not sent until it has its id. */
export type Uploading = { uploading: string };
export type Entries = Record<string, Entry>;

export function isUploading(entry: Entry | undefined): entry is Uploading {
  return typeof entry === "object" && entry !== null && "uploading" in entry;
}

/** Whether the form has to wait for an upload. */
export function uploads(entries: Entries): boolean {
  return Object.values(entries).some(isUploading);
}

const IN_TEXT = new Set(["JSON", "ARRAY"]);

/** The initial form: the given values, else the defaults that are not expressions. */
export function entriesOf(fields: readonly Field[], given: Record<string, unknown> = {}): Entries {
  return Object.fromEntries(
    // A secret is never returned by the server, so it has to be entered again.
    fields.map((field) => [
      field.id,
      entryOf(field, (field.type === "SECRET" ? undefined : given[field.id]) ?? field.default),
    ]),
  );
}

function entryOf(field: Field, value: unknown): Entry {
  if (value === null || value === undefined || isExpression(value)) return field.type === "BOOL" ? null : "";
  if (field.type === "BOOL") return value === true || value === "true";
  if (field.type === "MULTISELECT") return Array.isArray(value) ? value.map(String) : [];
  if (IN_TEXT.has(field.type) && typeof value !== "string") return JSON.stringify(value, null, 2);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function isExpression(value: unknown): value is string {
  return typeof value === "string" && value.includes("{{");
}

export type Read = { values: Record<string, unknown>; faults: Record<string, string> };

/** The inputs to send; empty fields are left to their defaults. Invalid JSON becomes a problem at its field. */
export function readEntries(fields: readonly Field[], entries: Entries): Read {
  const values: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const entry = entries[field.id];
    if (entry === null || entry === undefined || entry === "" || isUploading(entry)) continue;
    if (!IN_TEXT.has(field.type)) {
      values[field.id] = entry;
      continue;
    }
    try {
      values[field.id] = JSON.parse(String(entry));
    } catch (error) {
      faults[field.id] = `not JSON: ${(error as Error).message}`;
    }
  }
  return { values, faults };
}

type Problem = { message: string; path: readonly string[] | null };

/** The server's problems by field, and those that belong to no field. */
export function placed<Refusal extends Problem>(problems: readonly Refusal[], fields: readonly Field[]) {
  const known = new Set(fields.map((field) => field.id));
  const byField: Record<string, string> = {};
  const others: Refusal[] = [];
  for (const problem of problems) {
    const [root, name] = problem.path ?? [];
    if ((root === "inputs" || root === "form") && name && known.has(name)) byField[name] = problem.message;
    else others.push(problem);
  }
  return { byField, others };
}

/** The equivalent command line, each value quoted for a shell; `options` are by name, each with all its values. */
export function commandLine(
  words: readonly string[],
  values: Record<string, unknown>,
  options: Record<string, readonly string[]> = {},
): string {
  const inputs = Object.entries(values).map(([name, value]) =>
    typeof value === "string"
      ? `-i ${quoted(`${name}=${value}`)}`
      : `-i ${quoted(`${name}:=${JSON.stringify(value)}`)}`,
  );
  const others = Object.entries(options).flatMap(([name, all]) =>
    all.map((value) => `--${name}=${quoted(value)}`),
  );
  return ["headway", ...words.map(quoted), ...inputs, ...others].join(" ");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
