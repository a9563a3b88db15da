import { describe, expect, it } from "vitest";
import { foldSelection, isPicked, NOTHING, type Selection, whyNotCompared } from "./selection";

const shown = ["a", "b", "c", "d", "e"];
const toggle = (selection: Selection, id: string, shift = false) =>
  foldSelection(selection, { type: "toggled", id, shift, shown });
const ids = (selection: Selection) => [...selection.ids].sort().join("");

describe("picking", () => {
  it("takes one and lets it go", () => {
    const one = toggle(NOTHING, "b");
    expect(ids(one)).toBe("b");
    expect(ids(toggle(one, "b"))).toBe("");
  });
  it("with shift takes all between, in either direction", () => {
    expect(ids(toggle(toggle(NOTHING, "b"), "d", true))).toBe("bcd");
    expect(ids(toggle(toggle(NOTHING, "d"), "b", true))).toBe("bcd");
    expect(ids(toggle(NOTHING, "c", true))).toBe("c");
  });
  it("takes all that are loaded, and lets them go", () => {
    const page = foldSelection(NOTHING, { type: "page", shown });
    expect(ids(page)).toBe("abcde");
    expect(foldSelection(page, { type: "page", shown })).toBe(NOTHING);
  });
  it("takes all that match, loaded or not; without one they are the loaded ones", () => {
    const all = foldSelection(NOTHING, { type: "all" });
    expect(isPicked(all, "z")).toBe(true);
    expect(ids(toggle(all, "c"))).toBe("abde");
  });
  it("is cleared", () => {
    expect(foldSelection(toggle(NOTHING, "a"), { type: "cleared" })).toBe(NOTHING);
    expect(foldSelection(NOTHING, { type: "cleared" })).toBe(NOTHING);
  });
});

it("compares two to five", () => {
  const of = (...picked: string[]): Selection => ({ ids: new Set(picked), all: false, anchor: null });
  expect(whyNotCompared(of("a"))).toMatch("Pick 1 more");
  expect(whyNotCompared(of("a", "b"))).toBeNull();
  expect(whyNotCompared(of(...shown))).toBeNull();
  expect(whyNotCompared(of(...shown, "f"))).toMatch("At most 5");
  expect(whyNotCompared({ ...NOTHING, all: true })).toMatch("single");
});
