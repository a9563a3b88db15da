import { expect, it } from "vitest";
import { type Compared, changedSince } from "./changed";

const run = (number: number, commit: string | null, inputs: object, branch = "main"): Compared => ({
  inputs,
  revision: { id: `rev_${number}`, number },
  git: commit === null ? null : { commit, branch },
});
const words = (then: Compared, now: Compared) => changedSince(then, now).map((change) => change.words);

it("tells what differs from the last success, in this order", () => {
  expect(
    words(
      run(3, "a41f00112233", { day: "2026-01-13", size: 1 }),
      run(4, "b77e1c0aaaaa", { day: "2026-01-14", size: 1 }),
    ),
  ).toEqual(["rev 3 → 4", "commit a41f001 → b77e1c0", "input day"]);
});

it("is silent about what is the same, whatever the order of keys", () => {
  expect(words(run(3, "a", { x: { a: 1, b: 2 } }), run(3, "a", { x: { b: 2, a: 1 } }))).toEqual([]);
  expect(words(run(3, "a", { gone: null }), run(3, "a", {}))).toEqual([]);
});

it("tells branches, code that only one of them names, and many inputs briefly", () => {
  expect(words(run(3, "a", {}), run(3, "a", {}, "fix"))).toEqual(["branch main → fix"]);
  expect(words(run(3, null, {}), run(3, "abcdef0123", {}))).toEqual([
    "commit none → abcdef0",
    "branch none → main",
  ]);
  expect(words(run(3, "a", {}), run(3, "a", { e: 1, d: 1, c: 1, b: 1 }))).toEqual([
    "inputs b, c, d and 1 more",
  ]);
});
