import { expect, it } from "vitest";
import { extended, hashOf, holds, rangeOf } from "./lineRange";

it.each([
  ["#L10", { from: 10, to: 10 }],
  ["L10", { from: 10, to: 10 }],
  ["#L10-L20", { from: 10, to: 20 }],
  ["#L10-20", { from: 10, to: 20 }],
  ["#L20-L10", { from: 10, to: 20 }],
  ["#L0", null],
  ["#L5-L0", null],
  ["#L", null],
  ["#L1-", null],
  ["#L12345678901", null],
  ["#top", null],
  ["", null],
])("reads %j", (hash, range) => expect(rangeOf(hash)).toEqual(range));

it.each(["L10", "L10-L20"])("writes %s as it was read", (hash) => expect(hashOf(rangeOf(hash)!)).toBe(hash));

it.each([
  [null, 7, { from: 7, to: 7 }],
  [{ from: 10, to: 10 }, 20, { from: 10, to: 20 }],
  [{ from: 10, to: 20 }, 15, { from: 10, to: 15 }],
  [{ from: 10, to: 20 }, 5, { from: 5, to: 20 }],
  [{ from: 10, to: 20 }, 30, { from: 10, to: 30 }],
])("extends %j to line %d", (range, line, expected) => expect(extended(range, line)).toEqual(expected));

it("holds both its ends and nothing beyond", () => {
  const range = { from: 10, to: 12 };
  expect([9, 10, 11, 12, 13].map((line) => holds(range, line))).toEqual([false, true, true, true, false]);
  expect(holds(null, 1)).toBe(false);
});
