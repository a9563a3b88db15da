import type { ExecutionFilter, ExecutionOrder, SortDirection } from "@/shared/graphql/gen/graphql";
import { quoted } from "@/shared/lib/searchTerm";
import { and, partsOf } from "./search/language";

/** The list as it stands in the URL: the only place that holds it. */
export type Search = {
  /** The filter, in the search language. */
  q?: string | undefined;
  /** Only what waits for the viewer, which the language has no word for. */
  waiting?: "me" | undefined;
  /** How the rows are shown: as a table, or as bars in time. */
  view?: "time" | undefined;
  /** How much time the histogram shows. */
  range?: Range | undefined;
  /** A column's id; with `-` before it the greatest first. */
  sort?: string | undefined;
  /** Ids of columns, between commas. */
  cols?: string | undefined;
};

/** What links from elsewhere may say instead: `?state=FAILED,ERROR&flow=etl`, or `?view=waiting` for `?waiting=me`. */
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

/** CANCELLED in capitals is that state alone; in small letters the language means KILLED as well. */
export function stateTerm(state: string): string {
  return `state:${state.toUpperCase() === "CANCELLED" ? "CANCELLED" : state.toLowerCase()}`;
}

/** One filter, in one language: what a link says by name becomes a part of the search. */
export function normal(given: Given): Search {
  const { state, flow, namespace, kind, trigger, subflows, view, ...rest } = given;
  const named = Object.entries({ namespace, flow, kind, trigger }).map(([field, value]) =>
    fieldTerm(field, value),
  );
  const terms = [statesTerm(state), ...named, subflows === "hidden" ? "is:root" : ""];
  // The router reads an address more than once: what is there already is not added again.
  const there = new Set(partsOf(rest.q ?? "").map((part) => part.text));
  const q = terms.filter((term) => term && !there.has(term)).reduce(and, rest.q ?? "");
  const shown = view === "waiting" ? { waiting: "me" } : { view };
  const all = Object.entries({ ...rest, ...shown, q: q || undefined });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** Without what a link named beside: the router gives that as well, and the search has it already. */
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
/** Columns that are ordered by what stands in them, as `orderByValue` calls them. */
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

/** A click on a header: the greatest first, the least first, then the newest first as ever. */
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

/** As `sort` writes an order; undefined is the newest first. */
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

/** Everything that decides which rows there are. `waiting` are the ids of what waits for the viewer. */
export type Asked = { where: ExecutionFilter | null; search: string | null };

export function askedOf(search: Search, waiting: readonly string[] | undefined): Asked {
  return { where: search.waiting ? { id: [...(waiting ?? [])] } : null, search: searchOf(search) };
}

export function exportAddress(
  ending: "csv" | "json",
  asked: Asked,
  order: Order,
  columns: readonly string[],
): string {
  const given = new URLSearchParams();
  if (asked.where) given.set("where", JSON.stringify(asked.where));
  if (asked.search) given.set("search", asked.search);
  if (order.orderBy) given.set("orderBy", order.orderBy);
  if (order.orderByValue) given.set("orderByValue", JSON.stringify(order.orderByValue));
  if (columns.length)
    given.set(
      "columns",
      columns.map((name) => (/[,"]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(","),
    );
  return `/executions/export.${ending}${given.size ? `?${given}` : ""}`;
}
