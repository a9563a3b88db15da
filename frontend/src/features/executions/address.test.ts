import { describe, expect, it } from "vitest";
import {
  exportAddress,
  type Given,
  listQueryOf,
  normal,
  orderOf,
  type Search,
  sortedBy,
  sortOf,
  sortTextOf,
} from "./address";
import { isAll, shownTime, spanOf, withLast, withSpan } from "./search/dates";

const NOW = Date.parse("2026-01-14T12:00:00Z");
const HOUR = 3_600e3;

describe("a URL", () => {
  it.each<[Given, Search]>([
    [{}, {}],
    [{ state: "FAILED,ERROR" }, { q: "(state:failed OR state:error)" }],
    [{ state: "CANCELLED" }, { q: "state:CANCELLED" }],
    [{ q: "a", flow: "two words", namespace: "acme.*" }, { q: 'a namespace:acme.* flow:"two words"' }],
    [{ trigger: "schedule", subflows: "hidden" }, { q: "trigger:schedule is:root" }],
    [{ q: "a OR b", kind: "etl" }, { q: "(a OR b) kind:etl" }],
    [{ view: "waiting" }, { waiting: "me" }],
    [
      { view: "time", waiting: "me" },
      { view: "time", waiting: "me" },
    ],
    [{ state: "%%%", sort: "-started" }, { sort: "-started" }],
  ])("with %j means %j", (given, search) => expect(normal(given)).toEqual(search));
});

it("round-trips", () => {
  const given = { q: "a OR b", state: "FAILED,ERROR", flow: "etl" };
  expect(normal({ ...given, ...normal(given) })).toEqual(normal(given));
});

describe("the order", () => {
  it("is newest first by default", () => {
    expect(orderOf({})).toEqual({ orderBy: null, orderByValue: null });
    expect(sortOf({ sort: "nothing" })).toBeUndefined();
    expect(orderOf({ sort: "-duration" }).orderBy).toBe("DURATION_DESC");
    expect(orderOf({ sort: "metric.loss" }).orderByValue).toEqual({
      column: "metric.loss",
      direction: "ASC",
    });
  });
  it.each([
    ["execution", "name"],
    ["namespace", "namespace"],
    ["kind", "kind"],
    ["by", "createdBy"],
    ["branch", "branch"],
    ["commit", "commit"],
  ])("of the column %s sorts by the value of %s", (sort, column) =>
    expect(orderOf({ sort: `-${sort}` })).toEqual({
      orderBy: null,
      orderByValue: { column, direction: "DESC" },
    }),
  );
  it.each(["-duration", "started", "-metric.loss", "label.team", "-execution", "by", undefined])(
    "%s round-trips through the saved filter",
    (sort) => expect(sortTextOf(orderOf({ sort }))).toBe(sort),
  );
  it("is left out where no column has that value", () =>
    expect(
      sortTextOf({ orderBy: null, orderByValue: { column: "origin", direction: "ASC" } }),
    ).toBeUndefined());
  it("toggles with each click, and returns to the default", () => {
    const first = sortedBy({ q: "a" }, "started");
    expect(first.sort).toBe("-started");
    const second = sortedBy(first, "started");
    expect(second.sort).toBe("started");
    expect(sortedBy(second, "started").sort).toBeUndefined();
    expect(sortedBy(second, "flow").sort).toBe("-flow");
  });
});

it("is part of the export, with the columns", () => {
  const query = listQueryOf({ q: "state:failed" }, undefined);
  const address = exportAddress("csv", query, orderOf({ sort: "-metric.loss" }), ["name", 'label.a,"b"']);
  const given = new URL(`http://x${address}`).searchParams;
  expect(given.get("search")).toBe("state:failed");
  expect(given.get("orderByValue")).toBe('{"column":"metric.loss","direction":"DESC"}');
  expect(given.get("columns")).toBe('name,"label.a,""b"""');
  expect(listQueryOf({ waiting: "me" }, ["exec_1"])).toEqual({ where: { id: ["exec_1"] }, search: null });
});

describe("a span of time", () => {
  it("is parsed from the search", () => {
    expect(spanOf("flow:a date>=2026-01-14T09:00:00Z date<2026-01-14T10:00:00Z", NOW)).toEqual({
      span: { since: NOW - 3 * HOUR, until: NOW - 2 * HOUR },
      rest: "flow:a",
    });
    expect(spanOf("date>-6h", NOW)).toEqual({ span: { since: NOW - 6 * HOUR, until: null }, rest: "" });
  });
  it.each(["date:today", "date>2026-01-01", "NOT date>-1h", "a OR b", "date<-1h"])("is not in %s", (text) =>
    expect(spanOf(text, NOW)).toEqual({ span: null, rest: text }),
  );
  it("applies to the whole of a search with an OR, and is parsed from it again", () => {
    const span = { since: NOW - HOUR, until: NOW };
    const text = withSpan("flow:a OR flow:b", span);
    expect(text).toBe("(flow:a OR flow:b) date>=2026-01-14T11:00:00Z date<2026-01-14T12:00:00Z");
    expect(spanOf(text, NOW)).toEqual({ span, rest: "(flow:a OR flow:b)" });
    expect(withSpan(text, span)).toBe(text);
    expect(withSpan(text, null)).toBe("(flow:a OR flow:b)");
    expect(withLast("flow:a OR flow:b", "6h")).toBe("(flow:a OR flow:b) date>-6h");
    expect(withLast(text, "6h")).toBe("(flow:a OR flow:b) date>-6h");
  });
  it("replaces the previous one in the search", () => {
    const text = withSpan("date>-6h flow:a", { since: NOW - HOUR, until: null });
    expect(text).toBe("flow:a date>=2026-01-14T11:00:00Z");
    expect(withSpan(text, { since: NOW - HOUR, until: NOW })).toBe(
      "flow:a date>=2026-01-14T11:00:00Z date<2026-01-14T12:00:00Z",
    );
    expect(withSpan(text, null)).toBe("flow:a");
    expect(withLast(text, "7d")).toBe("flow:a date>-7d");
  });
});

describe("the shown time", () => {
  it("is the range up to now", () => {
    expect(shownTime("1h", null, NOW)).toEqual({ since: NOW - HOUR, until: NOW });
    expect(shownTime(undefined, { since: NOW - HOUR, until: null }, NOW)).toEqual({
      since: NOW - 24 * HOUR,
      until: NOW,
    });
  });
  it("surrounds an earlier span", () =>
    expect(shownTime("1h", { since: NOW - 50 * HOUR, until: NOW - 46 * HOUR }, NOW)).toEqual({
      since: NOW - 51 * HOUR,
      until: NOW - 45 * HOUR,
    }));
  it("may equal the span", () => {
    const shown = { since: NOW - HOUR, until: NOW };
    expect(isAll({ since: NOW - HOUR, until: null }, shown)).toBe(true);
    expect(isAll({ since: NOW - HOUR / 2, until: null }, shown)).toBe(false);
  });
});
