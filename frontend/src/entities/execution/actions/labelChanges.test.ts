import { expect, it } from "vitest";
import { labelChanges } from "./labelChanges";

const label = (key: string, value: string) => ({ key, value });
const BEFORE = [label("team", "data"), label("tier", "1"), label("old", "x")];

it("sets what is new or changed and removes what is gone, and names nothing else", () =>
  expect(labelChanges(BEFORE, [label("team", "data"), label("tier", "2"), label("new", "y")])).toEqual([
    { labels: [label("tier", "2"), label("new", "y")], mode: "MERGE" },
    { labels: [label("old", "x")], mode: "REMOVE" },
  ]));

it("takes a renamed label for one that is gone and one that is new", () =>
  expect(labelChanges([label("a", "1")], [label("b", "1")]).map(({ mode }) => mode)).toEqual([
    "MERGE",
    "REMOVE",
  ]));

it("asks for nothing when nothing has changed", () => expect(labelChanges(BEFORE, BEFORE)).toEqual([]));
