import "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** Restores the scroll position of the list. */
    place?: boolean;
  }
}

/** The URL of the list of executions. */
type ListSearch = {
  q?: string | undefined;
  waiting?: "me" | undefined;
  view?: "time" | undefined;
  range?: "1h" | "6h" | "24h" | "7d" | "30d" | undefined;
  sort?: string | undefined;
  cols?: string | undefined;
};

/** The last state of the list in this tab: its filter, order and columns, and the scroll position. */
export const lastList: { search: ListSearch; top: number } = { search: {}, top: 0 };

/** The link back to the list in its last state; to the default list if there is none. */
export function toLastList() {
  const { search } = lastList;
  return { to: "/executions", search, state: { place: true }, resetScroll: false } as const;
}
