import { expect, it } from "vitest";
import { newer } from "./newer";

it.each([
  ["nothing was known", undefined, { seq: 1 }, 1],
  ["it is newer", { seq: 1 }, { seq: 2 }, 2],
  ["it is older", { seq: 3 }, { seq: 2 }, 3],
])("when %s", (_, known, arrived, seq) => {
  expect(newer(known, arrived).seq).toBe(seq);
});

it("accepts a newer read of the same state", () => {
  const arrived = { seq: 2 };
  expect(newer({ seq: 2 }, arrived)).toBe(arrived);
});
