import { expect, it } from "vitest";
import { linesInWords, linesOf } from "./taskLines";

const SOURCE =
  "id: orders\ntasks:\n  - id: load\n    type: shell\n    run: x\n  - id: last\n    type: log\n  - {id: flat, type: log} # short\n";

it.each([
  ["id: load\ntype: shell\nrun: x", { from: 3, to: 5 }],
  ["id: last\ntype: log", { from: 6, to: 7 }],
  ["{id: flat, type: log}", { from: 8, to: 8 }],
  ["id: other", null],
  ["", null],
])("%j", (part, lines) => expect(linesOf(SOURCE, part)).toEqual(lines));

it.each([
  [{ from: 7, to: 7 }, "line 7"],
  [{ from: 61, to: 78 }, "lines 61 to 78"],
])("%j", (lines, words) => expect(linesInWords(lines)).toBe(words));
