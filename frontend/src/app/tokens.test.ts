import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";

const css = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");

function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0]!;
  return Object.fromEntries(
    [...block.matchAll(/--hw-([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]),
  );
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

const tones = [...new Set(Object.values(STATE_TOKENS).map((token) => token.tone))];
const grounds = ["ground", "surface", "raised"];
const pairs: [string, string, number][] = [
  ...["text", "dim", "link", "bad", "warn", "good", ...tones].flatMap((text) =>
    grounds.map((ground): [string, string, number] => [text, ground, 4.5]),
  ),
  ...tones.map((tone): [string, string, number] => [tone, `${tone}-ground`, 4.5]),
  ...["text", "dim", "link"].flatMap((text) =>
    ["bad-ground", "ask-ground", "warn-ground"].map((ground): [string, string, number] => [
      text,
      ground,
      4.5,
    ]),
  ),
  ["on-accent", "accent", 4.5],
  ["on-danger", "danger", 4.5],
  ["bar", "surface", 3],
  ["line-strong", "surface", 3],
  ["accent", "ground", 3],
  ...Array.from({ length: 8 }, (_, at): [string, string, number] => [`ansi-${at}`, "surface", 4.5]),
  ...Array.from({ length: 8 }, (_, at): [string, string, number] => [`ansi-${at}`, "bad-ground", 4.5]),
];

describe.each([
  ["light", tokens(":root")],
  ["dark", tokens(':root[data-mantine-color-scheme="dark"]')],
])("%s", (_, palette) => {
  it.each(pairs)("%s on %s reaches %d:1", (text, ground, least) => {
    expect(contrast(palette[text]!, palette[ground]!)).toBeGreaterThanOrEqual(least);
  });
});

it("has the same tokens in both themes", () => {
  expect(Object.keys(tokens(':root[data-mantine-color-scheme="dark"]'))).toEqual(
    Object.keys(tokens(":root")),
  );
});
