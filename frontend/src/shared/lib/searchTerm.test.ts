import { expect, it } from "vitest";
import { labelTerm, quoted } from "./searchTerm";

it.each([
  ["data", "data"],
  ["acme.data/x-1", "acme.data/x-1"],
  ["größe", "größe"],
  ["two words", '"two words"'],
  ['say "hi"', '"say \\"hi\\""'],
  ["user:maria", '"user:maria"'],
  ["-x", '"-x"'],
  ["OR", '"OR"'],
  ["", '""'],
])("%s is searched as %s", (value, text) => expect(quoted(value)).toBe(text));

it("a label is searched by its key and value", () => {
  expect(labelTerm("a", "OR")).toBe('label.a:"OR"');
  expect(labelTerm("my team", "data")).toBe('label."my team":data');
});
