import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";

const css = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");

/** The colours of one theme: 0 is light, 1 is dark. */
function tokens(theme: 0 | 1): Record<string, string> {
  const pairs = css.matchAll(/--hw-([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g);
  return Object.fromEntries([...pairs].map((match) => [match[1]!, match[2 + theme]!]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const tones = ["bad", "good", "active", "warn", "ask", "stop", "calm"];
const grounds = ["ground", "surface", "raised", "sunken", "overlay"];
const texts = ["text", "text-2", "text-3", "accent"];
const pairs: [string, string, number][] = [
  ...[...texts, ...tones].flatMap((text) =>
    grounds.map((ground): [string, string, number] => [text, ground, 4.5]),
  ),
  ...tones.map((tone): [string, string, number] => [tone, `${tone}-soft`, 4.5]),
  ...tones.map((tone): [string, string, number] => [`${tone}-fill`, "surface", 3]),
  ...["text", "text-2", "accent"].flatMap((text) =>
    ["bad-soft", "ask-soft", "warn-soft", "accent-soft"].map((ground): [string, string, number] => [
      text,
      ground,
      4.5,
    ]),
  ),
  ...["s1", "s2", "s3", "s4", "s5"].map((series): [string, string, number] => [series, "surface", 4.5]),
  ["on-ink", "ink", 4.5],
  ["on-danger", "danger", 4.5],
  ["accent-fill", "surface", 3],
  ["line-strong", "surface", 3],
  ["accent", "ground", 3],
  ...Array.from({ length: 8 }, (_, at): [string, string, number] => [`ansi-${at}`, "sunken", 4.5]),
  ...Array.from({ length: 8 }, (_, at): [string, string, number] => [`ansi-${at}`, "bad-soft", 4.5]),
];

describe.each([
  ["light", tokens(0)],
  ["dark", tokens(1)],
])("%s", (_, palette) => {
  it.each(pairs)("%s on %s reaches %d:1", (text, ground, least) => {
    expect(contrast(palette[text]!, palette[ground]!)).toBeGreaterThanOrEqual(least);
  });
});

it("has a colour for the tone of each state", () => {
  const used = new Set(Object.values(STATE_TOKENS).map((token) => token.tone));
  expect([...used].filter((tone) => !tones.includes(tone))).toEqual([]);
});
