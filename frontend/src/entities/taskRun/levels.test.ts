import { expect, it } from "vitest";
import { aboveWords, isInside, levelAbove } from "./levels";

it.each([
  [{ at: 3, attempt: 2 }, "load", { at: undefined }],
  [{ attempt: 2 }, "load", { attempt: undefined }],
  [{}, "a[1].b[2].c", { task: "a[1].b", tab: undefined }],
  [{}, "each[3].fetch", { task: "each", tab: undefined }],
  [{}, "each", { task: "", tab: undefined }],
  [{}, undefined, null],
])("above %j of %s is %j", (search, task, above) => expect(levelAbove(search, task)).toEqual(above));

it.each([
  [{}, "each[3].fetch", "each"],
  [{}, "a[1].b[2].c", "a[1].b"],
  [{}, "load", "whole execution"],
  [{ attempt: 2 }, "each[3].fetch", "all attempts"],
  [{ at: 7, attempt: 2 }, "load", "now"],
])("from %j of %s Esc leads to %s", (address, task, words) => expect(aboveWords(address, task)).toBe(words));

it("recognises task runs inside a foreach", () => {
  expect(
    ["each[0].a", "each[1].in[0].a", "each", "each_2", "other[0].a"].map((key) => isInside(key, "each")),
  ).toEqual([true, true, false, false, false]);
});
