import { expect, it } from "vitest";
import { joined } from "./sequence";

const KNOWN = [{ seq: 1 }, { seq: 2 }];

it("known and new items are merged without duplicates", () => {
  expect(joined(KNOWN, [{ seq: 2 }, { seq: 3 }]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(joined([], KNOWN)).toEqual(KNOWN);
});

it("without new items the array keeps its identity, so that nothing is rendered again", () => {
  expect(joined(KNOWN, [{ seq: 2 }])).toBe(KNOWN);
});
