import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi";

const esc = (codes: string) => `\u001b[${codes}m`;

describe("parseAnsi", () => {
  it.each([
    ["plain text", "hello", [{ text: "hello", style: {} }]],
    ["nothing for an empty line", "", []],
    [
      "a colour until reset",
      `a${esc("31")}b${esc("0")}c`,
      [
        { text: "a", style: {} },
        { text: "b", style: { color: 1 } },
        { text: "c", style: {} },
      ],
    ],
    [
      "an empty parameter as reset",
      `${esc("1")}a${esc("")}b`,
      [
        { text: "a", style: { bold: true } },
        { text: "b", style: {} },
      ],
    ],
    [
      "several codes in one sequence",
      `${esc("1;4;92;41")}x`,
      [{ text: "x", style: { bold: true, underline: true, color: 10, background: 1 } }],
    ],
    [
      "each style off again",
      `${esc("1;2;3;4;31;41")}a${esc("22;23;24;39;49")}b`,
      [
        {
          text: "a",
          style: { bold: true, dim: true, italic: true, underline: true, color: 1, background: 1 },
        },
        { text: "b", style: {} },
      ],
    ],
    [
      "256 colours as the nearest of 16",
      `${esc("38;5;196")}r${esc("38;5;9")}q`,
      [
        { text: "r", style: { color: 1 } },
        { text: "q", style: { color: 9 } },
      ],
    ],
    ["true colour as the default", `${esc("38;2;1;2;3;1")}x`, [{ text: "x", style: { bold: true } }]],
    [
      "no cursor movement, no title, no bell",
      "a\u001b[2Kb\u001b]0;title\u0007c\u0007d\re",
      [
        { text: "a", style: {} },
        { text: "b", style: {} },
        { text: "cde", style: {} },
      ],
    ],
    ["tabs kept", "a\tb", [{ text: "a\tb", style: {} }]],
    ["a truncated sequence", `a\u001b`, [{ text: "a", style: {} }]],
    ["markup as text", "<img onerror=x>", [{ text: "<img onerror=x>", style: {} }]],
  ])("gives %s", (_, line, spans) => {
    expect(parseAnsi(line)).toEqual(spans);
  });
});

it("strips all sequences for copying", () => {
  expect(stripAnsi(`${esc("31")}red${esc("0")}\u001b]8;;x\u0007 link`)).toBe("red link");
});
