import { expect, it } from "vitest";
import { extended, hashOf, holds, outsideWords, rangeOf, wantedLine } from "./lineRange";

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

it("contains both its ends and nothing beyond", () => {
  const range = { from: 10, to: 12 };
  expect([9, 10, 11, 12, 13].map((line) => holds(range, line))).toEqual([false, true, true, true, false]);
  expect(holds(null, 1)).toBe(false);
});

it.each([
  ["120", 120],
  [" 152 ", 152],
  ["119", null],
  ["153", null],
  ["0", null],
  ["-130", null],
  ["12e1", null],
  ["", null],
])("reads line number %j only if it is from 120 to 152", (text, line) =>
  expect(wantedLine(text, { from: 120, to: 152 })).toBe(line),
);

it("accepts thousands separators", () => {
  const range = { from: 1, to: 9_000_000 };
  for (const text of ["1234567", "1 234 567", "1\u2009234\u2009567", "1,234,567"])
    expect(wantedLine(text, range), text).toBe(1_234_567);
  expect(outsideWords(range)).toBe(
    "Write a number from 1 to 9\u2009000\u2009000, the first and the last line shown.",
  );
});
