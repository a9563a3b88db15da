import { expect, it } from "vitest";
import { abbreviated, type Compared, changedSince } from "./changed";

const run = (number: number, commit: string | null, inputs: object, branch = "main"): Compared => ({
  inputs,
  revision: { id: `rev_${number}`, number },
  git: commit === null ? null : { commit, branch },
});
const words = (then: Compared, now: Compared) => changedSince(then, now).map((change) => change.words);

it("lists the differences from the last success, in this order", () => {
  expect(
    words(
      run(3, "a41f00112233", { day: "2026-01-13", size: 1 }),
      run(4, "b77e1c0aaaaa", { day: "2026-01-14", size: 1 }),
    ),
  ).toEqual(["rev 3 → 4", "commit a41f001 → b77e1c0", "day: 2026-01-13 → 2026-01-14"]);
});

it("omits equal values, whatever the order of keys", () => {
  expect(words(run(3, "a", { x: { a: 1, b: 2 } }), run(3, "a", { x: { b: 2, a: 1 } }))).toEqual([]);
  expect(words(run(3, "a", { gone: null }), run(3, "a", {}))).toEqual([]);
});

it("lists branches, commits that only one of them has, and each input", () => {
  expect(words(run(3, "a", {}), run(3, "a", {}, "fix"))).toEqual(["branch main → fix"]);
  expect(words(run(3, null, {}), run(3, "abcdef0123", {}))).toEqual([
    "commit none → abcdef0",
    "branch none → main",
  ]);
  expect(
    words(
      run(3, "a", { a: 1, args: { day: 1, size: 2 } }),
      run(3, "a", { b: "x\ny", args: { day: 3, size: 2 } }),
    ),
  ).toEqual(["b: none → x y", "args.day: 1 → 3", "a: 1 → none"]);
});

const LONG = "s3://warehouse.eu-central-1/stage/orders/";

it.each([
  ["a", "b", "a", "b"],
  [
    `${LONG}2026-11-26`,
    `${LONG}2026-11-27`,
    "…al-1/stage/orders/2026-11-26",
    "…al-1/stage/orders/2026-11-27",
  ],
  ["short", `${LONG}x`, "short", "s3://warehouse.eu-central-1/…"],
])("%s and %s are abbreviated around their difference", (one, other, left, right) => {
  expect(abbreviated(one, other)).toEqual([left, right]);
});

it("keeps both values in full", () => {
  const [change] = changedSince(run(3, "a", { path: `${LONG}1` }), run(3, "a", { path: `${LONG}2` }));
  expect(change!.whole).toBe(`path: ${LONG}1 → ${LONG}2`);
});
