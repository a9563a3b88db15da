import { expect, it } from "vitest";
import { labelChanges } from "./labelChanges";

const label = (key: string, value: string) => ({ key, value });
const BEFORE = [label("team", "data"), label("tier", "1"), label("old", "x")];

it("sets new and changed labels, removes deleted ones, and names no others", () =>
  expect(labelChanges(BEFORE, [label("team", "data"), label("tier", "2"), label("new", "y")])).toEqual([
    { labels: [label("tier", "2"), label("new", "y")], mode: "MERGE" },
    { labels: [label("old", "x")], mode: "REMOVE" },
  ]));

it("treats a renamed label as a deleted and a new one", () =>
  expect(labelChanges([label("a", "1")], [label("b", "1")]).map(({ mode }) => mode)).toEqual([
    "MERGE",
    "REMOVE",
  ]));

it("returns no changes when nothing has changed", () => expect(labelChanges(BEFORE, BEFORE)).toEqual([]));
