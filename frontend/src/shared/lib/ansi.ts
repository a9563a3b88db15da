/** Parses SGR escape sequences into styled spans; every other control sequence is dropped. Never produces HTML. */

export type Style = {
  color?: number;
  background?: number;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
};
export type Span = { text: string; style: Style };

// CSI, OSC (ended by BEL or ST) and two-character escapes; then the other control characters except the tab.
// biome-ignore lint/suspicious/noControlCharactersInRegex: this module parses escape sequences
const ESCAPE = /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

export function parseAnsi(line: string): Span[] {
  const spans: Span[] = [];
  let style: Style = {};
  let from = 0;
  for (const match of line.matchAll(ESCAPE)) {
    push(spans, line.slice(from, match.index), style);
    if (match[2] === "m") style = applied(style, match[1] ?? "");
    from = match.index + match[0].length;
  }
  push(spans, line.slice(from), style);
  return spans;
}

export function stripAnsi(line: string): string {
  return line.replace(ESCAPE, "").replace(CONTROL, "");
}

function push(spans: Span[], raw: string, style: Style): void {
  const text = raw.replace(CONTROL, "");
  if (text) spans.push({ text, style });
}

function applied(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => Number.parseInt(code || "0", 10));
  let next = style;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      next = extended(next, code === 38 ? "color" : "background", codes[at + 1], codes[at + 2]);
      at += codes[at + 1] === 5 ? 2 : 4;
    } else {
      next = SWITCHES[code]?.(next) ?? colour(next, code);
    }
  }
  return next;
}

/** 256 colours are mapped to the nearest of the 16; true colour uses the default, which is readable in both themes. */
function extended(style: Style, key: "color" | "background", mode: number | undefined, code = 0): Style {
  return mode === 5 ? coloured(style, key, nearest(code)) : style;
}

const SWITCHES: Record<number, (style: Style) => Style> = {
  0: () => ({}),
  1: (style) => ({ ...style, bold: true }),
  2: (style) => ({ ...style, dim: true }),
  3: (style) => ({ ...style, italic: true }),
  4: (style) => ({ ...style, underline: true }),
  22: (style) => without(style, "bold", "dim"),
  23: (style) => without(style, "italic"),
  24: (style) => without(style, "underline"),
  39: (style) => without(style, "color"),
  49: (style) => without(style, "background"),
};

function colour(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return coloured(style, "color", code - 30);
  if (code >= 90 && code <= 97) return coloured(style, "color", code - 90 + 8);
  if (code >= 40 && code <= 47) return coloured(style, "background", code - 40);
  if (code >= 100 && code <= 107) return coloured(style, "background", code - 100 + 8);
  return style;
}

function coloured(style: Style, key: "color" | "background", value: number | undefined): Style {
  return value === undefined ? without(style, key) : { ...style, [key]: value };
}

function nearest(code: number): number | undefined {
  if (code < 16) return code;
  if (code >= 232) return undefined;
  const level = (step: number) => (step >= 3 ? 1 : 0);
  const cube = code - 16;
  return level(Math.floor(cube / 36)) + 2 * level(Math.floor(cube / 6) % 6) + 4 * level(cube % 6);
}

function without(style: Style, ...keys: (keyof Style)[]): Style {
  const next = { ...style };
  for (const key of keys) delete next[key];
  return next;
}
