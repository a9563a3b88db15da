import { memo } from "react";
import { parseAnsi, type Style } from "@/shared/lib/ansi";
import { marked } from "@/shared/lib/marked";
import classes from "./LogText.module.css";

/** One line with its colours, as spans; never HTML. Matches of the search are marked. */
export const LogText = memo(function LogText({ text, find = "" }: { text: string; find?: string }) {
  const spans = marked(parseAnsi(text), find);
  const first = spans[0];
  if (spans.length === 1 && first && !first.isMarked && Object.keys(first.style).length === 0)
    return first.text;
  return spans.map((span, at) => {
    const Part = span.isMarked ? "mark" : "span";
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a line's spans never move
      <Part key={at} className={classNames(span.style)} style={colours(span.style)}>
        {span.text}
      </Part>
    );
  });
});

function classNames(style: Style): string | undefined {
  const names = (["bold", "dim", "italic", "underline"] as const).filter((name) => style[name]);
  return names.map((name) => classes[name]).join(" ") || undefined;
}

// Backgrounds are drawn as an inverse of the text's colour: not all 16 x 16 pairs are readable, these are.
function colours(style: Style): { color?: string; background?: string } | undefined {
  if (style.background !== undefined) {
    return { color: "var(--hw-surface)", background: `var(--hw-ansi-${style.background % 8})` };
  }
  return style.color === undefined ? undefined : { color: `var(--hw-ansi-${style.color % 8})` };
}
