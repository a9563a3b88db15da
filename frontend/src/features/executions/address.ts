import type { ExecutionFilter, ExecutionOrder, SortDirection } from "@/shared/graphql/gen/graphql";
import { quoted } from "@/shared/lib/searchTerm";
import { and, partsOf } from "./search/language";

/** The state of the list, which is kept only in the URL. */
export type Search = {
  /** The filter, in the search language. */
  q?: string | undefined;
  /** Only executions that wait for the viewer, which the search language cannot express. */
  waiting?: "me" | undefined;
  /** The display: a table, or bars on a time axis. */
  view?: "time" | undefined;
  /** The time range of the histogram. */
  range?: Range | undefined;
  /** A column's id to sort by; with `-` before it, descending. */
  sort?: string | undefined;
  /** Column ids, separated by commas. */
  cols?: string | undefined;
};

/** Alternative parameters for links: `?state=FAILED,ERROR&flow=etl`, or `?view=waiting` for `?waiting=me`. */
export type Given = Omit<Search, "view"> & {
  view?: "time" | "waiting" | undefined;
  state?: string | undefined;
  flow?: string | undefined;
  namespace?: string | undefined;
  kind?: string | undefined;
  trigger?: string | undefined;
  subflows?: string | undefined;
};

export const RANGES = {
  "1h": 3_600e3,
  "6h": 21_600e3,
  "24h": 86_400e3,
  "7d": 604_800e3,
  "30d": 2_592_000e3,
} as const;
export type Range = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as Range[];

/** CANCELLED in capitals is only that state; in lower case the search language includes KILLED. */
export function stateTerm(state: string): string {
  return `state:${state.toUpperCase() === "CANCELLED" ? "CANCELLED" : state.toLowerCase()}`;
}

/** Converts the named parameters of a link into terms of the search. */
export function normal(given: Given): Search {
  const { state, flow, namespace, kind, trigger, subflows, view, ...rest } = given;
  const named = Object.entries({ namespace, flow, kind, trigger }).map(([field, value]) =>
    fieldTerm(field, value),
  );
  const terms = [statesTerm(state), ...named, subflows === "hidden" ? "is:root" : ""];
  // The router parses a URL more than once: terms that are already in the search are not added again.
  const there = new Set(partsOf(rest.q ?? "").map((part) => part.text));
  const q = terms.filter((term) => term && !there.has(term)).reduce(and, rest.q ?? "");
  const shown = view === "waiting" ? { waiting: "me" } : { view };
  const all = Object.entries({ ...rest, ...shown, q: q || undefined });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** Removes the named parameters of a link: the router passes them on, and the search already has them. */
export function ownOf({ q, waiting, view, range, sort, cols }: Search): Search {
  return { q, waiting, view, range, sort, cols };
}

function statesTerm(names = ""): string {
  const terms = names
    .split(",")
    .flatMap((name) => (/^\s*\w+\s*$/.test(name) ? [stateTerm(name.trim())] : []));
  return terms.length > 1 ? `(${terms.join(" OR ")})` : (terms[0] ?? "");
}

function fieldTerm(field: string, value = ""): string {
  const text = value.trim();
  if (!text) return "";
  return `${field}:${text.endsWith("*") ? text : quoted(text)}`;
}

export function searchOf(search: Search): string | null {
  return search.q?.trim() || null;
}

const ORDERS = ["created", "started", "ended", "duration", "flow", "state", "progress"] as const;
/** Columns that are ordered by their values, by the names of `orderByValue`. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ["execution", "name"],
  ["namespace", "namespace"],
  ["kind", "kind"],
  ["by", "createdBy"],
  ["branch", "branch"],
  ["commit", "commit"],
]);
const VALUE = /^(label|property|input|metric)\..+$/;

export type Sort = { column: string; direction: SortDirection };

export function sortOf(search: Search): Sort | undefined {
  const text = search.sort ?? "";
  const column = text.replace(/^-/, "");
  if (!isSortable(column)) return undefined;
  return { column, direction: text.startsWith("-") ? "DESC" : "ASC" };
}

export function isSortable(column: string): boolean {
  return (ORDERS as readonly string[]).includes(column) || TEXTS.has(column) || VALUE.test(column);
}

export function isValue(column: string): boolean {
  return VALUE.test(column);
}

/** A click on a header: descending, then ascending, then the default, newest first. */
export function sortedBy(search: Search, column: string): Search {
  const sort = sortOf(search);
  const next = sort?.column !== column ? `-${column}` : sort.direction === "DESC" ? column : undefined;
  return { ...search, sort: next };
}

export type Order = {
  orderBy: ExecutionOrder | null;
  orderByValue: { column: string; direction: SortDirection } | null;
};

export function orderOf(search: Search): Order {
  const sort = sortOf(search);
  if (!sort) return { orderBy: null, orderByValue: null };
  const column = TEXTS.get(sort.column) ?? (isValue(sort.column) ? sort.column : null);
  if (column) return { orderBy: null, orderByValue: { ...sort, column } };
  return { orderBy: `${sort.column.toUpperCase()}_${sort.direction}` as ExecutionOrder, orderByValue: null };
}

/** An order in the syntax of `sort`; undefined is newest first. */
export function sortTextOf({ orderBy, orderByValue }: Order): string | undefined {
  const [, name, direction] = /^(.+)_(ASC|DESC)$/.exec(orderBy ?? "") ?? [];
  if (name) return named(name.toLowerCase(), direction as SortDirection);
  if (!orderByValue) return undefined;
  const [column] = [...TEXTS].find(([, text]) => text === orderByValue.column) ?? [orderByValue.column];
  return isSortable(column) ? named(column, orderByValue.direction) : undefined;
}

function named(column: string, direction: SortDirection): string {
  return direction === "DESC" ? `-${column}` : column;
}

/** The filter of the rows. `waiting` are the ids of the executions that wait for the viewer. */
export type ListQuery = { where: ExecutionFilter | null; search: string | null };

export function listQueryOf(search: Search, waiting: readonly string[] | undefined): ListQuery {
  return { where: search.waiting ? { id: [...(waiting ?? [])] } : null, search: searchOf(search) };
}

export function exportAddress(
  ending: "csv" | "json",
  query: ListQuery,
  order: Order,
  columns: readonly string[],
): string {
  const given = new URLSearchParams();
  if (query.where) given.set("where", JSON.stringify(query.where));
  if (query.search) given.set("search", query.search);
  if (order.orderBy) given.set("orderBy", order.orderBy);
  if (order.orderByValue) given.set("orderByValue", JSON.stringify(order.orderByValue));
  if (columns.length)
    given.set(
      "columns",
      columns.map((name) => (/[,"]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(","),
    );
  return `/executions/export.${ending}${given.size ? `?${given}` : ""}`;
}
