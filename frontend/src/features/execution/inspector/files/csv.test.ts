import { expect, it } from "vitest";
import { readCsv } from "./csv";

it.each([
  [
    "a,b\n1,2\n3,4",
    [
      ["1", "2"],
      ["3", "4"],
    ],
  ],
  [
    "a,b\n1,2\n3,",
    [
      ["1", "2"],
      ["3", ""],
    ],
  ],
  [
    "a,b\n1,2\n3,\n",
    [
      ["1", "2"],
      ["3", ""],
    ],
  ],
  [
    "a,b\n,\n,",
    [
      ["", ""],
      ["", ""],
    ],
  ],
  ['a,b\n"1, one",""', [["1, one", ""]]],
])("%j has all its rows", (text, rows) =>
  expect(readCsv(text, 100)).toEqual({ head: ["a", "b"], rows, cut: false }),
);
