import { type Search, searchOf } from "./address";
import { FAILED_TERMS } from "./histogram";

export type View = { name: string; q: string; view?: "waiting"; tone?: "bad" | "ask" };

export const VIEWS: readonly View[] = [
  { name: "All", q: "" },
  { name: "Executing", q: "is:running" },
  { name: "Failed in 24 h", q: `${FAILED_TERMS} date>-24h`, tone: "bad" },
  { name: "Waiting for me", q: "", view: "waiting", tone: "ask" },
];

export function isShown(view: { q: string; view?: "waiting" }, search: Search): boolean {
  return (searchOf(search) ?? "") === view.q && search.view === view.view;
}

/** A view replaces the filter; columns, order and range stay. */
export function searchOfView(view: { q: string; view?: "waiting" }, search: Search): Search {
  return { ...search, q: view.q || undefined, view: view.view };
}
