import { expect, it } from "vitest";
import { parseAnsi } from "./ansi";
import { marked } from "./marked";

const shown = (text: string, find: string) =>
  marked(parseAnsi(text), find).map((span) => (span.isMarked ? `<${span.text}>` : span.text));

it.each([
  ["no colour here", "colour", ["no ", "<colour>", " here"]],
  ["Again AGAIN again", "again", ["<Again>", " ", "<AGAIN>", " ", "<again>"]],
  ["\u001b[31mFai\u001b[0mled of old", "failed", ["<Fai>", "<led>", " of old"]],
  ["nothing", "else", ["nothing"]],
  ["nothing", "", ["nothing"]],
  ["a.b-c(d) a1b", "a.b-c(d)", ["<a.b-c(d)>", " a1b"]],
  ["größe und GRÖSSE", "GRÖSSE", ["größe und ", "<GRÖSSE>"]],
  ["İ then x", "x", ["İ then ", "<x>"]],
])("%j searched for %j", (text, find, expected) => {
  expect(shown(text, find)).toEqual(expected);
});
