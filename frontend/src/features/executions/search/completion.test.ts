import { describe, expect, it } from "vitest";
import { facetOf, type SearchField, suggestionsOf, taken, writingAt } from "./completion";

const field = (name: string, over: Partial<SearchField> = {}): SearchField => ({
  name,
  aliases: [],
  description: `the ${name}`,
  operators: [":"],
  values: [],
  facet: null,
  keyed: false,
  ...over,
});
const FIELDS = [
  field("state", { aliases: ["status"], values: ["FAILED", "SUCCESS", "CANCELLED"], facet: "STATE" }),
  field("flow", { aliases: ["pipeline"], facet: "FLOW" }),
  field("label", { keyed: true, facet: "LABEL" }),
  field("metric", { keyed: true }),
  field("is", { values: ["running", "root"] }),
  field("duration", { operators: [":", ">", "<"] }),
];

/** `|` marks the caret. */
const at = (marked: string) => {
  const caret = marked.indexOf("|");
  return writingAt(marked.replace("|", ""), caret, FIELDS);
};

describe("the word at the caret", () => {
  it.each([
    ["|", { kind: "field", prefix: "", start: 0, end: 0 }],
    ["st|", { kind: "field", prefix: "st", start: 0, end: 2 }],
    ["state:failed fl|", { kind: "field", prefix: "fl", start: 13, end: 15 }],
    ["flow:or|", { kind: "value", prefix: "or", lead: "flow:", start: 0, end: 7 }],
    ["flow:o|rders x", { kind: "value", prefix: "o", lead: "flow:", start: 0, end: 11 }],
    ["pipeline=x|", { kind: "value", prefix: "x", lead: "pipeline=" }],
    ["(flow:a OR flow:b|)", { kind: "value", prefix: "b", start: 11, end: 17 }],
    ["(flow:a OR flow:b) fl|", { kind: "field", prefix: "fl" }],
    ["label.te|", { kind: "key", prefix: "te" }],
    ["label.team:da|", { kind: "value", key: "team", prefix: "da", lead: "label.team:" }],
    ['label:"my team"=d|', { kind: "value", key: "my team", prefix: "d" }],
    ['flow:"two w|', { kind: "value", prefix: "two w" }],
    ["nothing:x|", { kind: "field", prefix: "nothing:x" }],
    ["a |", { kind: "field", prefix: "", start: 2 }],
  ])("at %s", (marked, writing) => expect(at(marked)).toMatchObject(writing));
});

describe("suggestions", () => {
  const texts = (marked: string, found: Parameters<typeof suggestionsOf>[2] = []) =>
    suggestionsOf(at(marked), FIELDS, found).map((one) => one.text);
  const flow = (value: string) => ({ key: null, value, search: `flow:${value}`, note: "3" });

  it("are keys, also found by their aliases", () => {
    expect(texts("st|")).toEqual(["state:"]);
    expect(texts("pipe|")).toEqual(["flow:"]);
    expect(texts("la|")).toEqual(["label."]);
    expect(texts("|")).toHaveLength(FIELDS.length);
    expect(texts("xyz|")).toEqual([]);
  });
  it("are values with their counts, then a prefix match", () => {
    const found = suggestionsOf(at("flow:or|"), FIELDS, [flow("orders"), flow("org")]);
    expect(found.map((one) => one.text)).toEqual(["flow:orders", "flow:org", "flow:or*"]);
    expect(found[0]).toMatchObject({ mark: [0, 2], note: "3", goesOn: false });
  });
  it("are a field's fixed values", () => {
    expect(texts("is:r|")).toEqual(["is:running", "is:root"]);
    expect(texts("state:c|")).toEqual(["state:CANCELLED"]);
    expect(texts("state:f|")).toEqual(["state:failed"]);
  });
  it("are keys of labels, then their values", () => {
    expect(texts("label.te|", [{ key: null, value: "team", search: "label.team", note: "" }])).toEqual([
      "label.team:",
    ]);
    expect(
      texts("label.team:d|", [
        { key: "team", value: "data", search: "label.team:data", note: "" },
        { key: "steam", value: "d", search: "label.steam:d", note: "" },
      ]),
    ).toEqual(["label.team:data", "label.team:d*"]);
  });
  it("are quoted if needed", () =>
    expect(texts("label.team:|", [{ key: "team", value: "a b", search: "", note: "" }])).toEqual([
      'label.team:"a b"',
    ]));
});

it("queries the facet of the field", () => {
  expect(facetOf(at("flow:or|"))).toEqual({ field: "FLOW", contains: "or" });
  expect(facetOf(at("label.te|"))).toEqual({ field: "LABEL_KEY", contains: "te" });
  expect(facetOf(at("label.team:d|"))).toEqual({ field: "LABEL", contains: "team=d" });
  expect(facetOf(at("metric.lo|"))).toBeNull();
  expect(facetOf(at("st|"))).toBeNull();
});

describe("applying a suggestion", () => {
  const take = (marked: string, text: string, goesOn = false) => {
    const one = { text, label: text, mark: null, note: "", goesOn };
    return taken(marked.replace("|", ""), at(marked), one);
  };
  it("replaces the word and moves the caret after it", () => {
    expect(take("a flow:or|", "flow:orders")).toEqual({ text: "a flow:orders ", caret: 14 });
    expect(take("flow:o|rd x", "flow:orders")).toEqual({ text: "flow:orders x", caret: 12 });
    expect(take("st|", "state:", true)).toEqual({ text: "state:", caret: 6 });
  });
});
