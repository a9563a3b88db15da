import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import classes from "./Source.module.css";
import type { Lines } from "./taskLines";

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--hw-accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--hw-good)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--hw-active)" },
  { tag: tags.comment, color: "var(--hw-text-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: "var(--hw-text-3)" },
]);

const LOOK = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--hw-sunken)", color: "var(--hw-text)" },
  ".cm-scroller": { font: "var(--hw-t-code)", fontVariantLigatures: "none", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--hw-sunken)", color: "var(--hw-text-3)", border: "none" },
  ".cm-marked": { backgroundColor: "var(--hw-accent-soft)", boxShadow: "inset 2px 0 0 var(--hw-accent)" },
  ".cm-changedLine": { backgroundColor: "var(--hw-good-soft) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--hw-bad-soft) !important" },
  ".cm-changedText": { background: "none !important", fontWeight: "600" },
  ".cm-deletedChunk .cm-deletedText": { background: "none !important", fontWeight: "600" },
  ".cm-collapsedLines": { background: "var(--hw-raised) !important", color: "var(--hw-text-2) !important" },
  // Few fonts contain its arrows.
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: '"" !important' },
});

type Props = {
  label: string;
  text: string;
  /** An earlier text: with it the changes since are shown. */
  original: string | undefined;
  marked: Lines | null;
};

/** A read-only YAML text: numbered, highlighted, with the marked lines in view. */
export function SourceView({ label, text, original, marked }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const from = marked?.from;
  const to = marked?.to;
  useEffect(() => {
    if (!place.current) return;
    const state = EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        yaml(),
        syntaxHighlighting(COLOURS),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label, "aria-readonly": "true" }),
        LOOK,
        from === undefined || to === undefined ? [] : marking(text, { from, to }),
        original === undefined ? [] : changesSince(original),
      ],
    });
    const view = new EditorView({ state, parent: place.current });
    if (from !== undefined)
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(from).from, { y: "center" }) });
    return () => view.destroy();
  }, [label, text, original, from, to]);
  return <div ref={place} className={classes.view} />;
}

function marking(text: string, { from, to }: Lines): Extension {
  const document = EditorState.create({ doc: text }).doc;
  const line = Decoration.line({ class: "cm-marked" });
  const lines = Array.from({ length: to - from + 1 }, (_, at) => line.range(document.line(from + at).from));
  return EditorView.decorations.of(Decoration.set(lines));
}

function changesSince(original: string): Extension {
  return unifiedMergeView({
    original,
    mergeControls: false,
    gutter: false,
    collapseUnchanged: { margin: 3, minSize: 6 },
  });
}
