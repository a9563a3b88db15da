import { describe, expect, it } from "vitest";
import { readCsv } from "./csv";
import { jsonOf, kindOf } from "./kinds";

describe("readCsv", () => {
  it.each([
    ["a,b\n1,2\n", { head: ["a", "b"], rows: [["1", "2"]], cut: false }],
    ["a,b\r\n1,2", { head: ["a", "b"], rows: [["1", "2"]], cut: false }],
    ['a\n"x, ""y""\nz"\n', { head: ["a"], rows: [['x, "y"\nz']], cut: false }],
    ["a\n1\n2\n3\n", { head: ["a"], rows: [["1"], ["2"]], cut: true }],
    ["", { head: [], rows: [], cut: false }],
  ])("%j", (text, rows) => expect(readCsv(text, 2)).toEqual(rows));
  it("leaves out a row that is truncated at the end of the text", () =>
    expect(readCsv("a,b\n1,2\n3", 5, ",", false)).toEqual({
      head: ["a", "b"],
      rows: [["1", "2"]],
      cut: true,
    }));
  it("reads tab-separated text", () => expect(readCsv("a\tb\n1\t2", 5, "\t").rows).toEqual([["1", "2"]]));
});

it.each([
  ["chart.PNG", "image"],
  ["rows.csv", "csv"],
  ["report.md", "markdown"],
  ["evaluation.json", "json"],
  ["run.log", "text"],
  ["README", "text"],
])("kindOf %s: %s", (name, kind) => expect(kindOf(name)).toBe(kind));

it("jsonOf returns nothing for a truncated text", () => {
  expect(jsonOf('{"a": 1}')).toEqual({ a: 1 });
  expect(jsonOf('{"a": ')).toBeUndefined();
});
