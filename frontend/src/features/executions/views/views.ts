import { type Order, type Search, searchOf, sortTextOf } from "../address";
import { FAILED_TERMS } from "../histogram/histogram";

export type View = { name: string; q: string; waiting?: "me"; tone?: "bad" | "ask" };

export const VIEWS: readonly View[] = [
  { name: "All", q: "" },
  { name: "Executing", q: "is:running" },
  { name: "Failed in 24 h", q: `${FAILED_TERMS} date>-24h`, tone: "bad" },
  { name: "Waiting for me", q: "", waiting: "me", tone: "ask" },
];

export function isShown(view: Pick<View, "q" | "waiting">, search: Search): boolean {
  return (searchOf(search) ?? "") === view.q && search.waiting === view.waiting;
}

/** A view replaces the filter; columns and range stay, and so does the order unless it came with a saved filter. */
export function searchOfView(view: Pick<View, "q" | "waiting">, search: Search, left?: Kept): Search {
  const isOfKept = left !== undefined && sortTextOf(left) === search.sort;
  return {
    ...search,
    q: view.q || undefined,
    waiting: view.waiting,
    sort: isOfKept ? undefined : search.sort,
  };
}

/** The search of a saved filter, with its order. */
export type Kept = { search: string } & Order;

export function searchOfKept(kept: Kept, search: Search): Search {
  return { ...search, q: kept.search, waiting: undefined, sort: sortTextOf(kept) };
}

/** The active saved filter. Of several with the same search, the one with the same order, else the first. */
export function shownOf<One extends Kept>(kept: readonly One[], search: Search): One | undefined {
  const same = kept.filter((one) => isShown({ q: one.search }, search));
  return same.find((one) => sortTextOf(one) === search.sort) ?? same[0];
}
