import "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The list goes on at the place where it was left. */
    place?: boolean;
  }
}

/** The address of the list of executions. */
type ListSearch = {
  q?: string | undefined;
  waiting?: "me" | undefined;
  view?: "time" | undefined;
  range?: "1h" | "6h" | "24h" | "7d" | "30d" | undefined;
  sort?: string | undefined;
  cols?: string | undefined;
};

/** The list as it was left in this tab: its filter, order and columns, and how far down. */
export const lastList: { search: ListSearch; top: number } = { search: {}, top: 0 };

/** Leads back to the list as it was left; to the plain list when none was open before. */
export function toLastList() {
  const { search } = lastList;
  return { to: "/executions", search, state: { place: true }, resetScroll: false } as const;
}
