import type { FacetField, SearchFieldsQuery } from "@/shared/graphql/gen/graphql";
import { quoted } from "@/shared/lib/searchTerm";
import { unquoted, wordsOf } from "./language";

export type SearchField = SearchFieldsQuery["searchFields"][number];

/** The word at the caret, and the range of text that a suggestion replaces. */
export type Writing = { start: number; end: number } & (
  | { kind: "field"; prefix: string }
  | { kind: "key"; field: SearchField; prefix: string }
  | { kind: "value"; field: SearchField; key: string; prefix: string; lead: string }
);

export type Suggestion = {
  /** The inserted text. */
  text: string;
  label: string;
  /** The range in `label` that matches the typed text. */
  mark: [number, number] | null;
  note: string;
  /** Typing continues after it: a field needs a value. */
  goesOn: boolean;
};

const LABEL: ReadonlySet<string> = new Set(["label", "labels", "tag"]);

export function fieldOf(fields: readonly SearchField[], name: string): SearchField | undefined {
  const wanted = name.toLowerCase();
  return fields.find((field) => field.name === wanted || field.aliases.includes(wanted));
}

/** The word around the caret, without parentheses before it. */
export function writingAt(text: string, caret: number, fields: readonly SearchField[]): Writing {
  const before = text.slice(0, caret);
  const start = startOf(before);
  const word = before.slice(start);
  const end = caret + (/^[^\s()]*/.exec(text.slice(caret))?.[0].length ?? 0);
  const split = /^([A-Za-z]+)([.:=<>~]|!=|>=|<=)(.*)$/s.exec(word);
  const field = split && fieldOf(fields, split[1]!);
  if (!field) return { kind: "field", prefix: word, start, end };
  if (!field.keyed) {
    const parsed = /^([A-Za-z]+)(>=|<=|!=|[:=<>~])(.*)$/s.exec(word);
    if (!parsed) return { kind: "field", prefix: word, start, end };
    const lead = `${parsed[1]}${parsed[2]}`;
    return { kind: "value", field, key: "", prefix: unquoted(parsed[3]!), lead, start, end };
  }
  const keyed = /^([A-Za-z]+[.:])("(?:[^"\\]|\\.)*"|[^\s":=<>!~]*)(?:(>=|<=|!=|[:=<>~])(.*))?$/s.exec(word);
  if (!keyed) return { kind: "field", prefix: word, start, end };
  const key = unquoted(keyed[2]!);
  if (keyed[3] === undefined) return { kind: "key", field, prefix: key, start, end };
  return {
    kind: "value",
    field,
    key,
    prefix: unquoted(keyed[4] ?? ""),
    lead: `${keyed[1]}${keyed[2]}${keyed[3]}`,
    start,
    end,
  };
}

function startOf(before: string): number {
  const open = before.search(/\((?=[^()]*$)/);
  const inGroup = open >= 0 && !before.slice(open).includes(")") ? open + 1 : 0;
  const last = wordsOf(before.slice(inGroup)).at(-1);
  return last && inGroup + last.end === before.length ? inGroup + last.start : before.length;
}

/** The facet to query for values, and the text to match; null where the server has none. */
export function facetOf(writing: Writing): { field: FacetField; contains: string } | null {
  if (writing.kind === "field") return null;
  const isLabel = LABEL.has(writing.field.name);
  if (writing.kind === "key") return isLabel ? { field: "LABEL_KEY", contains: writing.prefix } : null;
  if (isLabel) return { field: "LABEL", contains: `${writing.key}=${writing.prefix}` };
  return writing.field.facet
    ? { field: writing.field.facet, contains: writing.prefix.replace(/\*$/, "") }
    : null;
}

export type Found = { key: string | null; value: string; search: string; note: string };

/** Whether an answer for a shorter text still applies. */
export function isMeant(writing: Writing, { value }: Found): boolean {
  return (
    writing.kind === "field" || value.toLowerCase().includes(writing.prefix.replace(/\*$/, "").toLowerCase())
  );
}

const MOST = 8;

export function suggestionsOf(
  writing: Writing,
  fields: readonly SearchField[],
  found: readonly Found[] | undefined,
): Suggestion[] {
  switch (writing.kind) {
    case "field":
      return fieldsFor(writing.prefix, fields);
    case "key":
      return (found ?? [])
        .slice(0, MOST)
        .map(({ value, note }) =>
          suggestion(`${writing.field.name}.${quoted(value)}:`, value, writing.prefix, note, true),
        );
    case "value":
      return valuesFor(writing, found);
  }
}

function fieldsFor(prefix: string, fields: readonly SearchField[]): Suggestion[] {
  const wanted = prefix.toLowerCase();
  const isMeant = (field: SearchField) =>
    [field.name, ...field.aliases].some((name) => name.startsWith(wanted));
  return fields
    .filter(isMeant)
    .slice(0, wanted ? MOST : fields.length)
    .map((field) =>
      suggestion(
        `${field.name}${field.keyed ? "." : ":"}`,
        `${field.name}${field.keyed ? ".key" : ""}:`,
        prefix,
        field.description,
        true,
      ),
    );
}

function valuesFor(
  writing: Extract<Writing, { kind: "value" }>,
  found: readonly Found[] | undefined,
): Suggestion[] {
  const { lead, prefix, field } = writing;
  const counted = (found ?? [])
    .filter((one) => !writing.key || one.key === null || one.key === writing.key)
    .map((one) =>
      suggestion(
        isPlain(lead) && !writing.key ? one.search : `${lead}${quoted(one.value)}`,
        one.value,
        prefix,
        one.note,
      ),
    );
  const taken = new Set(counted.map((one) => one.label.toLowerCase()));
  const fixed = field.values
    .filter(
      (value) => value.toLowerCase().startsWith(prefix.toLowerCase()) && !taken.has(value.toLowerCase()),
    )
    .map((value) =>
      suggestion(
        `${lead}${/^[A-Z_]+$/.test(value) && value !== "CANCELLED" ? value.toLowerCase() : value}`,
        value,
        prefix,
        "",
      ),
    );
  const values = [...counted, ...fixed].slice(0, MOST);
  const all = prefix.replace(/\*$/, "");
  const isKnown = found !== undefined || !facetOf(writing);
  const canStart =
    isKnown && isPlain(lead) && all && !field.values.length && field.facet !== "ERROR" && quoted(all) === all;
  if (!canStart) return values;
  const note = `every ${writing.key || field.name} that starts with this`;
  return [...values, suggestion(`${lead}${all}*`, `${lead}${all}*`, all, note)];
}

function isPlain(lead: string): boolean {
  return /(^|[^<>!])[:=]$/.test(lead);
}

function suggestion(text: string, label: string, prefix: string, note: string, goesOn = false): Suggestion {
  const at = prefix ? label.toLowerCase().indexOf(prefix.toLowerCase()) : -1;
  return { text, label, mark: at < 0 ? null : [at, at + prefix.length], note, goesOn };
}

/** The text with a suggestion applied, and the new position of the caret. */
export function taken(
  text: string,
  { start, end }: { start: number; end: number },
  one: Suggestion,
): { text: string; caret: number } {
  const after = text.slice(end);
  const put = one.goesOn || after.startsWith(" ") || after.startsWith(")") ? one.text : `${one.text} `;
  const caret = start + put.length + (!one.goesOn && after.startsWith(" ") ? 1 : 0);
  return { text: text.slice(0, start) + put + after, caret };
}

/** The heading of the list: "Flows with or, in the current filter". */
export function headingOf(writing: Writing): string {
  if (writing.kind === "field") return writing.prefix ? `Keys that start with ${writing.prefix}` : "Keys";
  const what =
    writing.kind === "key"
      ? `Keys of ${writing.field.name}`
      : `Values of ${writing.key || writing.field.name}`;
  return `${what}${writing.prefix ? ` with ${writing.prefix}` : ""}${facetOf(writing) ? ", in the current filter" : ""}`;
}
