import { memo } from "react";
import { parseAnsi, type Style } from "@/shared/lib/ansi";
import classes from "./LogText.module.css";

/** One line with its colours, as spans; nothing in it is ever markup. */
export const LogText = memo(function LogText({ text }: { text: string }) {
  const spans = parseAnsi(text);
  const first = spans[0];
  if (spans.length === 1 && first && Object.keys(first.style).length === 0) return first.text;
  return spans.map((span, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line's spans never move
    <span key={at} className={classNames(span.style)} style={colours(span.style)}>
      {span.text}
    </span>
  ));
});

function classNames(style: Style): string | undefined {
  const names = (["bold", "dim", "italic", "underline"] as const).filter((name) => style[name]);
  return names.map((name) => classes[name]).join(" ") || undefined;
}

// Grounds are drawn as an inverse of the text's colour: every pair of 16 x 16 cannot be readable, these are.
function colours(style: Style): { color?: string; background?: string } | undefined {
  if (style.background !== undefined) {
    return { color: "var(--hw-surface)", background: `var(--hw-ansi-${style.background % 8})` };
  }
  return style.color === undefined ? undefined : { color: `var(--hw-ansi-${style.color % 8})` };
}
