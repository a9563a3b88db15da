import { describe, expect, it } from "vitest";
import { foldSelection, isPicked, NOTHING, type Selection, whyNotCompared } from "./selection";

const shown = ["a", "b", "c", "d", "e"];
const toggle = (selection: Selection, id: string, shift = false) =>
  foldSelection(selection, { type: "toggled", id, shift, shown });
const ids = (selection: Selection) => [...selection.ids].sort().join("");

describe("selecting", () => {
  it("toggles one", () => {
    const one = toggle(NOTHING, "b");
    expect(ids(one)).toBe("b");
    expect(ids(toggle(one, "b"))).toBe("");
  });
  it("with Shift selects a range, in either direction", () => {
    expect(ids(toggle(toggle(NOTHING, "b"), "d", true))).toBe("bcd");
    expect(ids(toggle(toggle(NOTHING, "d"), "b", true))).toBe("bcd");
    expect(ids(toggle(NOTHING, "c", true))).toBe("c");
  });
  it("toggles all loaded ones", () => {
    const page = foldSelection(NOTHING, { type: "page", shown });
    expect(ids(page)).toBe("abcde");
    expect(foldSelection(page, { type: "page", shown })).toBe(NOTHING);
  });
  it("selects all matches, loaded or not; deselecting one leaves the other loaded ones", () => {
    const all = foldSelection(NOTHING, { type: "all" });
    expect(isPicked(all, "z")).toBe(true);
    expect(ids(toggle(all, "c"))).toBe("abde");
  });
  it("is cleared", () => {
    expect(foldSelection(toggle(NOTHING, "a"), { type: "cleared" })).toBe(NOTHING);
    expect(foldSelection(NOTHING, { type: "cleared" })).toBe(NOTHING);
  });
});

it("allows to compare two to five", () => {
  const of = (...picked: string[]): Selection => ({ ids: new Set(picked), all: false, anchor: null });
  expect(whyNotCompared(of("a"))).toMatch("Select 1 more");
  expect(whyNotCompared(of("a", "b"))).toBeNull();
  expect(whyNotCompared(of(...shown))).toBeNull();
  expect(whyNotCompared(of(...shown, "f"))).toMatch("At most 5");
  expect(whyNotCompared({ ...NOTHING, all: true })).toMatch("individual");
});
