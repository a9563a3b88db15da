import { describe, expect, it } from "vitest";
import { searchOfKept, searchOfView, shownOf, VIEWS } from "./views";

const [ALL] = VIEWS;
const BEST = {
  search: "kind:train",
  orderBy: null,
  orderByValue: { column: "metric.loss", direction: "ASC" },
} as const;
const LONGEST = { search: "kind:train", orderBy: "DURATION_DESC", orderByValue: null } as const;
const NEWEST = { search: "kind:etl", orderBy: null, orderByValue: null };

describe("a saved filter", () => {
  it.each([
    [BEST, "metric.loss"],
    [LONGEST, "-duration"],
    [NEWEST, undefined],
  ])("%j sets its order, %s, and keeps the rest", (kept, sort) =>
    expect(
      searchOfKept(kept, { waiting: "me", view: "time", sort: "flow", cols: "state", range: "1h" }),
    ).toEqual({
      q: kept.search,
      sort,
      waiting: undefined,
      view: "time",
      cols: "state",
      range: "1h",
    }),
  );
  it("is the one with the order of the list, if several have its search", () => {
    const kept = [BEST, LONGEST, NEWEST];
    expect(shownOf(kept, { q: "kind:train", sort: "-duration" })).toBe(LONGEST);
    expect(shownOf(kept, { q: "kind:train", sort: "flow" })).toBe(BEST);
    expect(shownOf(kept, { q: "kind:other" })).toBeUndefined();
  });
});

describe("another view", () => {
  it("removes the order that came with a saved filter", () =>
    expect(searchOfView(ALL!, { q: "kind:train", sort: "metric.loss" }, BEST).sort).toBeUndefined());
  it("keeps an order that the viewer chose", () => {
    expect(searchOfView(ALL!, { q: "kind:train", sort: "flow" }, BEST).sort).toBe("flow");
    expect(searchOfView(ALL!, { q: "kind:etl", sort: "flow" }, undefined).sort).toBe("flow");
  });
});
