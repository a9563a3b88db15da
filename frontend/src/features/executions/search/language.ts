// The search language as far as the page has to parse it: its parts, separated by spaces, which must all match.
// The server parses the rest; text that cannot be parsed here is a part of its own and never lost.

export type Term = { text: string; field: string; key: string; operator: string; value: string };

export type Part = {
  text: string;
  start: number;
  end: number;
  /** The values of a field: one term, or several in parentheses joined by OR. Empty for any other part. */
  terms: readonly Term[];
};

const TERM =
  /^([A-Za-z]+)(?:[.:]((?:"(?:[^"\\]|\\.)*")|[\w-]+)(?=[:=<>~!]|$))?(?:(>=|<=|!=|[:=><~])([\s\S]*))?$/;
const KEYED = new Set([
  "label",
  "labels",
  "tag",
  "property",
  "properties",
  "input",
  "inputs",
  "metric",
  "metrics",
]);
export function unquoted(value: string): string {
  return value.startsWith('"')
    ? value.slice(1, value.endsWith('"') ? -1 : undefined).replace(/\\(.)/gs, "$1")
    : value;
}

type Word = { text: string; start: number; end: number };

/** A quoted text, a text in parentheses, or a word without spaces. */
const PIECE = /"(?:[^"\\]|\\.)*"?|[()]|[^\s"()]+|\s+/gs;

/** Splits at spaces outside quotes and parentheses. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let depth = 0;
  let start: number | null = null;
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    const isBreak = depth <= 0 && /^\s/.test(piece);
    if (isBreak && start !== null) words.push(wordOf(text, start, index));
    start = isBreak ? null : (start ?? index);
    depth += DEPTHS[piece] ?? 0;
  }
  if (start !== null) words.push(wordOf(text, start, text.length));
  return words;
}

const DEPTHS: Record<string, number> = { "(": 1, ")": -1 };

function wordOf(text: string, start: number, end: number): Word {
  return { text: text.slice(start, end), start, end };
}

/** Groups words that belong together: `NOT x`, `a TO b`. A search with a top-level OR is one part. */
export function partsOf(text: string): Part[] {
  const words = wordsOf(text);
  if (words.some((word) => word.text === "OR")) return [whole(text)];
  const parts: Part[] = [];
  for (let at = 0; at < words.length; at++) {
    const first = words[at]!;
    if (first.text === "AND") continue;
    while (words[at]!.text === "NOT" && at < words.length - 1) at++;
    if (words[at + 1]?.text === "TO" && words[at + 2]) at += 2;
    const { end } = words[at]!;
    const part = text.slice(first.start, end);
    parts.push({ text: part, start: first.start, end, terms: first.text === "NOT" ? [] : termsOf(part) });
  }
  return parts;
}

function whole(text: string): Part {
  const start = text.length - text.trimStart().length;
  return { text: text.trim(), start, end: text.trimEnd().length, terms: [] };
}

function termsOf(part: string): Term[] {
  if (!part.startsWith("(")) return termOf(part) ?? [];
  if (!part.endsWith(")")) return [];
  const words = wordsOf(part.slice(1, -1)).map((word) => word.text);
  const terms = words.filter((_, at) => at % 2 === 0).flatMap((word) => termOf(word) ?? []);
  const isGroup = words.every((word, at) => at % 2 === 0 || word === "OR");
  const isOfOne = terms.length === (words.length + 1) / 2 && new Set(terms.map(nameOf)).size === 1;
  return isGroup && isOfOne ? terms : [];
}

function termOf(text: string): [Term] | undefined {
  const found = TERM.exec(text);
  if (!found) return undefined;
  const [, name = "", key, operator = "", value = ""] = found;
  const field = name.toLowerCase();
  const isKeyed = KEYED.has(field);
  if (key !== undefined && isKeyed)
    return [{ text, field, key: unquoted(key), operator, value: unquoted(value) }];
  const plain = /^([A-Za-z]+)(>=|<=|!=|[:=><~])([\s\S]+)$/.exec(text);
  if (!plain || isKeyed) return undefined;
  return [{ text, field, key: "", operator: plain[2]!, value: unquoted(plain[3]!) }];
}

/** The name of a term: `flow`, `label.team`. Terms of one name are alternatives. */
export function nameOf(term: Term): string {
  return term.key ? `${term.field}.${term.key}` : term.field;
}

function isEqual(term: Term): boolean {
  return term.operator === ":" || term.operator === "=";
}

/** Whether two texts are the same term, in any notation. */
export function isSameTerm(one: Term, other: Term): boolean {
  const exact =
    one.field === "state" ? one.value.toLowerCase() === other.value.toLowerCase() : one.value === other.value;
  return nameOf(one) === nameOf(other) && isEqual(one) && isEqual(other) && exact;
}

export function asTerm(text: string): Term | undefined {
  return termOf(text)?.[0];
}

/** The values of a name in a search, with `:` or `=`. */
export function chosenOf(text: string, name: string): Term[] {
  return partsOf(text).flatMap((part) => part.terms.filter((term) => nameOf(term) === name && isEqual(term)));
}

export function hasTerm(text: string, wanted: string): boolean {
  const term = asTerm(wanted);
  return term !== undefined && chosenOf(text, nameOf(term)).some((one) => isSameTerm(one, term));
}

function joined(terms: readonly Term[]): string {
  if (terms.length < 2) return terms[0]?.text ?? "";
  return `(${terms.map((term) => term.text).join(" OR ")})`;
}

/** Replaces a part by another text; an empty text removes the part and its space. */
export function replaced(text: string, part: Part, by: string): string {
  const before = text.slice(0, part.start).trimEnd();
  const after = text.slice(part.end).trimStart();
  return [before, by, after].filter(Boolean).join(" ");
}

export function without(text: string, drop: (part: Part) => boolean): string {
  const parts = partsOf(text);
  if (!parts.some(drop)) return text.trim();
  return parts
    .filter((part) => !drop(part))
    .map((part) => part.text)
    .join(" ");
}

/** Appends a text to a search; a search with a top-level OR is put in parentheses. */
export function and(text: string, added: string): string {
  const kept = text.trim();
  if (!kept || !added) return kept || added;
  const isOpen = wordsOf(kept).some((word) => word.text === "OR");
  return `${isOpen ? `(${kept})` : kept} ${added}`;
}

/** Adds a value to the alternatives of its name, or removes it. */
export function toggled(text: string, wanted: string): string {
  const term = asTerm(wanted);
  if (!term) return and(text, wanted);
  const part = partOf(text, term);
  if (!part) return and(text, term.text);
  const kept = part.terms.filter((one) => !isSameTerm(one, term));
  const terms = kept.length < part.terms.length ? kept : [...part.terms, term];
  return replaced(text, part, joined(terms));
}

/** Sets the only value of its name: the effect of a click on a cell. */
export function only(text: string, wanted: string): string {
  const term = asTerm(wanted);
  const part = term && partOf(text, term);
  if (!term || !part) return and(text, wanted);
  return replaced(text, part, term.text);
}

function partOf(text: string, term: Term): Part | undefined {
  return partsOf(text).find(
    (part) =>
      part.terms.length > 0 && part.terms.every((one) => nameOf(one) === nameOf(term) && isEqual(one)),
  );
}
