import { expect, it } from "vitest";
import { joined } from "./sequence";

const KNOWN = [{ seq: 1 }, { seq: 2 }];

it("what is known and what arrives join without doubles", () => {
  expect(joined(KNOWN, [{ seq: 2 }, { seq: 3 }]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(joined([], KNOWN)).toEqual(KNOWN);
});

it("nothing new leaves the very same array, so that nothing is drawn again", () => {
  expect(joined(KNOWN, [{ seq: 2 }])).toBe(KNOWN);
});
