import { expect, it } from "vitest";
import { linesInWords, linesOf } from "./taskLines";

const SOURCE = "id: orders\ntasks:\n  - id: load\n    type: shell\n    run: x\n  - id: last\n    type: log\n";

it.each([
  ["id: load\n    type: shell\n    run: x\n", { from: 3, to: 5 }],
  ["id: last\n    type: log", { from: 6, to: 7 }],
  ["id: other", null],
  ["", null],
])("%j", (part, lines) => expect(linesOf(SOURCE, part)).toEqual(lines));

it.each([
  [{ from: 7, to: 7 }, "line 7"],
  [{ from: 61, to: 78 }, "lines 61 to 78"],
])("%j", (lines, words) => expect(linesInWords(lines)).toBe(words));
