import { formatTime } from "@/shared/lib/time";
import { type AnyState, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { type Search, searchOf } from "../address";
import { spanOf, withSpan } from "../search/dates";
import { and, nameOf, type Part, partsOf, replaced, type Term } from "../search/language";

export type Chip = { key: string; name: string; value: string; without: Search };

type Facts = { now: number; zone: "local" | "utc"; errors: ReadonlyMap<string, string> };

const NAMES: Record<string, string> = { is: "", has: "Has", by: "By" };
const WORDS: Record<string, string> = {
  root: "Subflows hidden",
  child: "Subflows only",
  running: "Executing",
  waiting: "Waiting",
  ended: "Ended",
};

/** The search, part by part, in readable form. Each chip has the search without its part. */
export function chipsOf(search: Search, facts: Facts): Chip[] {
  const text = searchOf(search) ?? "";
  const { span, rest } = spanOf(text, facts.now);
  const chips: Chip[] = partsOf(rest).map((part, at) => ({
    key: `${at}${part.text}`,
    ...wordsOf(part, facts.errors),
    without: { ...search, q: withDates(text, rest, replaced(rest, part, "")) || undefined },
  }));
  if (search.waiting) {
    chips.unshift({
      key: "waiting",
      name: "",
      value: "Waiting for me",
      without: { ...search, waiting: undefined },
    });
  }
  if (!span) return chips;
  const moment = (at: number) =>
    formatTime(new Date(at).toISOString(), facts.zone, facts.now).replace(/:\d\d$/, "");
  const ago = /date>=?-(\d+[smhdw])\b/.exec(text)?.[1];
  const value = span.until
    ? `${moment(span.since)} to ${moment(span.until)}`
    : ago
      ? `in the last ${ago.replace(/(?=\D)/, " ")}`
      : `after ${moment(span.since)}`;
  return [
    { key: "date", name: "Started", value, without: { ...search, q: withSpan(text, null) || undefined } },
    ...chips,
  ];
}

/** The dates of a search, combined with another rest. */
function withDates(text: string, rest: string, other: string): string {
  if (text.trim() === rest.trim()) return other;
  const dates = partsOf(text).filter((part) => part.terms[0]?.field === "date");
  return and(other, dates.map((part) => part.text).join(" "));
}

function wordsOf(
  { text, terms }: Part,
  errors: ReadonlyMap<string, string>,
): { name: string; value: string } {
  const first = terms[0];
  if (!first) return { name: "Search", value: text };
  const name = first.key || (NAMES[first.field] ?? first.field[0]!.toUpperCase() + first.field.slice(1));
  return { name, value: terms.map((term) => written(term, errors)).join(" or ") };
}

function written(term: Term, errors: ReadonlyMap<string, string>): string {
  const { field, operator, value } = term;
  if (!operator) return "any";
  const sign = operator === ":" || operator === "=" ? "" : `${operator} `;
  if (nameOf(term) === "state") return sign + (STATE_TOKENS[value.toUpperCase() as AnyState]?.word ?? value);
  if (field === "is") return WORDS[value] ?? value;
  if (field === "error") return sign + (errors.get(value) ?? value.slice(0, 8));
  return sign + value;
}
