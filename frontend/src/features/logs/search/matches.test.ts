import { describe, expect, it } from "vitest";
import { aLine } from "@/testing/fixtures";
import { added, countWords, including, marksOf, NOTHING_YET, nearest, placeOf, stepped } from "./matches";
import { grown } from "./useMatches";

const LINES = [10, 20, 30];

describe("responses are added", () => {
  it("until the end of the log", () => {
    const first = added(NOTHING_YET, { lines: [3, 5], searchedTo: 100, complete: false });
    expect(first).toEqual({ lines: [3, 5], searchedTo: 100, complete: false, stopped: false });
    const second = added(first, { lines: [120], searchedTo: 150, complete: true });
    expect(second).toEqual({ lines: [3, 5, 120], searchedTo: 150, complete: true, stopped: false });
  });
  it("once each", () => {
    const first = added(NOTHING_YET, { lines: [3, 5], searchedTo: 5, complete: false });
    expect(added(first, { lines: [5, 6], searchedTo: 6, complete: false }).lines).toEqual([3, 5, 6]);
  });
  it("up to a limit", () => {
    const found = added(NOTHING_YET, { lines: [1, 2, 3], searchedTo: 3, complete: false }, 3);
    expect(found.stopped).toBe(true);
  });
});

describe("lines written meanwhile", () => {
  const found = { lines: [3], searchedTo: 10, complete: true, stopped: false };
  const lines = [
    aLine(10, { text: "needle, known" }),
    aLine(11, { text: "a \u001b[31mNEE\u001b[0mdle" }),
    aLine(12, { text: "hay", level: "ERROR" }),
  ];
  it("are matched by text without colours, case-insensitively", () => {
    expect(grown(found, lines, { text: "needle", minLevel: null })).toMatchObject({
      lines: [3, 11],
      searchedTo: 12,
    });
  });
  it("are matched by level, of the choice and of the search", () => {
    expect(grown(found, lines, { text: null, minLevel: "WARN" }).lines).toEqual([3, 12]);
    expect(grown(found, lines, { text: "needle", minLevel: null }, "ERROR").lines).toEqual([3]);
  });
  it("are counted once", () => {
    const once = grown(found, lines, { text: "needle", minLevel: null });
    expect(grown(once, lines, { text: "needle", minLevel: null }).lines).toEqual([3, 11]);
  });
  it("are limited like responses, and not counted after that", () => {
    const all = { text: null, minLevel: null };
    expect(grown(found, lines, all, null, 3)).toMatchObject({ lines: [3, 11, 12], stopped: false });
    const full = grown(found, lines, all, null, 2);
    expect(full).toMatchObject({ lines: [3], complete: false, stopped: true });
    expect(countWords(full, null)).toBe("1+ lines match");
  });
});

it.each([
  [5, 1, 10],
  [10, 1, 20],
  [30, 1, 10],
  [31, -1, 30],
  [20, -1, 10],
  [10, -1, 30],
] as const)("from line %d, step %d, comes %d", (from, step, line) =>
  expect(stepped(LINES, from, step)).toBe(line),
);

it("steps nowhere among none", () => expect(stepped([], 1, 1)).toBeUndefined());

it.each([
  [1, 10],
  [10, 10],
  [11, 20],
  [99, 30],
])("nearest to line %d is %d", (from, line) => expect(nearest(LINES, from)).toBe(line));

it("counts places from one", () => {
  expect([10, 20, 30, 15].map((line) => placeOf(LINES, line))).toEqual([1, 2, 3, 0]);
  expect(placeOf(LINES, null)).toBe(0);
});

it.each([
  [{ lines: LINES, complete: true }, 20, "2 of 3"],
  [{ lines: LINES, complete: false }, 20, "2 of 3+"],
  [{ lines: LINES, complete: true }, null, "3 lines match"],
  [{ lines: [1], complete: true }, null, "1 line matches"],
  [{ lines: LINES, complete: false }, null, "3+ searching…"],
  [{ lines: [], complete: false }, null, "0+ searching…"],
  [{ lines: [], complete: true }, null, "No line matches"],
  [{ lines: LINES, complete: false, stopped: true }, null, "3+ lines match"],
])("%j at %j reads %j", (found, current, words) =>
  expect(countWords({ searchedTo: 0, stopped: false, ...found }, current)).toBe(words),
);

it("adds a line that belongs to them for another reason, once", () => {
  expect(including(LINES, 25)).toEqual([10, 20, 25, 30]);
  expect(including(LINES, 20)).toBe(LINES);
  expect(including(LINES, null)).toBe(LINES);
});

describe("marks of the ruler", () => {
  it("are at their fraction of the log, an error before warnings at the same place", () => {
    expect(marksOf([50], [10, 50], { begin: 1, end: 100 }, 10)).toEqual([
      { share: 0, tone: "warning" },
      { share: 0.4, tone: "error" },
    ]);
  });
  it("are merged by pixel", () => {
    const all = Array.from({ length: 5000 }, (_, at) => at + 1);
    expect(marksOf([], all, { begin: 1, end: 5000 })).toHaveLength(200);
  });
  it("exclude lines that are not in the shown log", () => {
    expect(marksOf([1, 500], [], { begin: 100, end: 200 })).toEqual([]);
  });
});
