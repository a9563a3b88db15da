import { describe, expect, it } from "vitest";
import { quoted } from "@/shared/lib/searchTerm";
import { and, chosenOf, hasTerm, nameOf, only, partsOf, toggled, unquoted, without } from "./language";

const texts = (text: string) => partsOf(text).map((part) => part.text);
const names = (text: string) => partsOf(text).map((part) => part.terms.map(nameOf).join("|"));

describe("parts", () => {
  it.each([
    ["", []],
    ["state:failed  flow:etl", ["state:failed", "flow:etl"]],
    ["state:failed AND flow:etl", ["state:failed", "flow:etl"]],
    ['"no space left" orders', ['"no space left"', "orders"]],
    ["NOT kind:train is:root", ["NOT kind:train", "is:root"]],
    ["date:2026-01-01 TO 2026-01-31 a", ["date:2026-01-01 TO 2026-01-31", "a"]],
    ["(state:failed OR state:error) x", ["(state:failed OR state:error)", "x"]],
    ["a OR b", ["a OR b"]],
    ['name:"a (b" c', ['name:"a (b"', "c"]],
    ['"a \\" b" c', ['"a \\" b"', "c"]],
  ])("of %s", (text, parts) => expect(texts(text)).toEqual(parts));

  it("have their field, and for keyed ones the key", () => {
    expect(names("state:failed label.team:data label:team=ops metric.loss<0.2 words duration>30m")).toEqual([
      "state",
      "label.team",
      "label.team",
      "metric.loss",
      "",
      "duration",
    ]);
    expect(names('label:"my team"="data and more"')).toEqual(["label.my team"]);
    expect(names("label:team")).toEqual(["label.team"]);
  });
  it("form a group when all are of one field", () => {
    expect(names("(flow:a OR flow:b)")).toEqual(["flow|flow"]);
    expect(names("(flow:a OR kind:b)")).toEqual([""]);
    expect(names("(flow:a flow:b)")).toEqual([""]);
    expect(names("NOT flow:a")).toEqual([""]);
  });
  it("have their positions", () =>
    expect(partsOf(" flow:a  b")).toMatchObject([
      { start: 1, end: 7 },
      { start: 9, end: 10 },
    ]));
});

describe("quotes", () => {
  it.each([
    ["etl", "etl"],
    ["acme.data", "acme.data"],
    ["user:maria", '"user:maria"'],
    ["two words", '"two words"'],
    ["OR", '"OR"'],
    ['say "hi"', '"say \\"hi\\""'],
    ["-x", '"-x"'],
  ])("of %s", (value, written) => {
    expect(quoted(value)).toBe(written);
    expect(unquoted(written)).toBe(value);
  });
});

describe("a value of a facet", () => {
  it("is added, joined by OR, and removed again", () => {
    const one = toggled("is:ended", "flow:a");
    expect(one).toBe("is:ended flow:a");
    const two = toggled(one, "flow:b");
    expect(two).toBe("is:ended (flow:a OR flow:b)");
    expect(toggled(two, "flow:a")).toBe("is:ended flow:b");
    expect(toggled("flow:b", "flow:b")).toBe("");
  });
  it("of one label is an alternative, of two labels both must match", () => {
    expect(toggled("label.team:a", "label.team:b")).toBe("(label.team:a OR label.team:b)");
    expect(toggled("label.team:a", "label.env:b")).toBe("label.team:a label.env:b");
  });
  it("does not change comparisons and negations", () => {
    expect(toggled("flow~a", "flow:b")).toBe("flow~a flow:b");
    expect(toggled("NOT flow:a", "flow:b")).toBe("NOT flow:a flow:b");
  });
  it("is added next to an OR, which is put in parentheses", () =>
    expect(and("a OR b", "flow:c")).toBe("(a OR b) flow:c"));
  it("is recognised in every notation", () => {
    expect(hasTerm("flow=etl", "flow:etl")).toBe(true);
    expect(hasTerm('flow:"etl"', "flow:etl")).toBe(true);
    expect(hasTerm("state:FAILED", "state:failed")).toBe(true);
    expect(hasTerm("flow:etl", "flow:other")).toBe(false);
  });
});

it("alone replaces the others of its name", () => {
  expect(only("(flow:a OR flow:b) x", "flow:c")).toBe("flow:c x");
  expect(only("x", "flow:c")).toBe("x flow:c");
});

it("removes parts, and keeps a text without them", () => {
  expect(without("a flow:b  c", (part) => part.text === "flow:b")).toBe("a c");
  expect(without("a OR b", () => false)).toBe("a OR b");
});

it("returns the values of a name", () =>
  expect(chosenOf("(state:failed OR state:error) state!=x", "state").map((term) => term.value)).toEqual([
    "failed",
    "error",
  ]));
