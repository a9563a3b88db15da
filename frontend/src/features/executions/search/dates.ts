import { RANGES, type Range } from "../address";
import { and, type Part, partsOf, without } from "./language";

/** A time span, in milliseconds; without an end it is open. */
export type Span = { since: number; until: number | null };

const UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 604_800e3 };

function isDate(part: Part): boolean {
  return part.terms.length === 1 && part.terms[0]!.field === "date";
}

/** `-24h`, or a time with its zone; days and words are left to the server. */
function momentOf(value: string, now: number): number | undefined {
  const ago = /^-(\d+)([smhdw])$/.exec(value);
  if (ago) return now - Number(ago[1]) * UNITS[ago[2]!]!;
  const at = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** The span of a search, by `date>=` and `date<`, and the search without it. Other dates stay in the search. */
export function spanOf(text: string, now: number): { span: Span | null; rest: string } {
  const span: Span = { since: Number.NEGATIVE_INFINITY, until: null };
  const parts = partsOf(text).filter(isDate);
  for (const { terms } of parts) {
    const { operator, value } = terms[0]!;
    const at = momentOf(value, now);
    if (at === undefined || !/[<>]/.test(operator)) return { span: null, rest: text };
    if (operator.startsWith(">")) span.since = Math.max(span.since, at);
    else span.until = Math.min(span.until ?? at, at);
  }
  if (!parts.length || span.since === Number.NEGATIVE_INFINITY) return { span: null, rest: text };
  return { span, rest: without(text, isDate) };
}

export function written(at: number): string {
  return new Date(Math.round(at / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

export function withSpan(text: string, span: Span | null): string {
  const rest = without(text, isDate);
  const terms = span
    ? [`date>=${written(span.since)}`, ...(span.until === null ? [] : [`date<${written(span.until)}`])]
    : [];
  return and(rest, terms.join(" "));
}

export function withLast(text: string, range: Range): string {
  return and(without(text, isDate), `date>-${range}`);
}

/** The time range of the histogram: up to now, or around an earlier span. */
export function shownTime(
  range: Range | undefined,
  span: Span | null,
  now: number,
): Span & { until: number } {
  const since = now - RANGES[range ?? "24h"];
  if (!span || span.since >= since - 1_000) return { since, until: now };
  const until = span.until ?? now;
  const margin = (until - span.since) / 4;
  return { since: span.since - (span.until === null ? 0 : margin), until: Math.min(now, until + margin) };
}

/** Whether the span is all that is shown, so that there is nothing to highlight. */
export function isAll(span: Span, shown: { since: number; until: number }): boolean {
  const slack = (shown.until - shown.since) / 200;
  return span.since <= shown.since + slack && (span.until ?? shown.until) >= shown.until - slack;
}
