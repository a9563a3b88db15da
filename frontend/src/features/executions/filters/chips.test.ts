import { describe, expect, it } from "vitest";
import { chipsOf } from "./chips";

const facts = {
  now: Date.parse("2026-01-14T12:00:00Z"),
  zone: "utc" as const,
  errors: new Map([["abc", "no space left"]]),
};
const of = (q: string) => chipsOf({ q, sort: "-started" }, facts).map(({ name, value }) => [name, value]);
const rests = (q: string) => chipsOf({ q, sort: "-started" }, facts).map(({ without }) => without.q);

describe("chips", () => {
  it("are readable", () => {
    expect(
      of("(state:failed OR state:error) label.team:data is:root words duration>30m error:abc label:env"),
    ).toEqual([
      ["State", "Failed or Error"],
      ["team", "data"],
      ["", "Subflows hidden"],
      ["Search", "words"],
      ["Duration", "> 30m"],
      ["Error", "no space left"],
      ["env", "any"],
    ]);
  });
  it("remove only their part of the search, and keep the order", () => {
    expect(rests("flow:a kind:b")).toEqual(["kind:b", "flow:a"]);
    expect(rests("flow:a")).toEqual([undefined]);
    expect(chipsOf({ q: "flow:a", sort: "-started" }, facts)[0]!.without.sort).toBe("-started");
  });
  it("include one for the time", () => {
    expect(of("date>-24h flow:a")).toEqual([
      ["Started", "in the last 24 h"],
      ["Flow", "a"],
    ]);
    expect(of("date>=2026-01-14T09:00:00Z date<2026-01-14T10:30:00Z")).toEqual([
      ["Started", "09:00 to 10:30"],
    ]);
    expect(of("date>=2026-01-14T09:00:00Z")).toEqual([["Started", "after 09:00"]]);
    expect(rests("flow:a date>-24h")).toEqual(["flow:a", "date>-24h"]);
  });
  it("name the view", () =>
    expect(chipsOf({ waiting: "me" }, facts)).toMatchObject([{ value: "Waiting for me", without: {} }]));
});
