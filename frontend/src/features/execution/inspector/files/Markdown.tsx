import { lexer, type Token, type Tokens } from "marked";
import { createElement, Fragment, type ReactNode, useMemo } from "react";
import classes from "./Markdown.module.css";

/** Markdown as React elements; HTML in it stays text, and only web and mail addresses become links. */
export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text), [text]);
  return <div className={classes.markdown}>{drawn(tokens)}</div>;
}

function drawn(tokens: readonly Token[] | undefined): ReactNode[] {
  return (tokens ?? []).map((token, at) => {
    const draw = DRAWN[token.type];
    // biome-ignore lint/suspicious/noArrayIndexKey: the tokens of one text never move
    return <Fragment key={at}>{draw ? draw(token as never) : token.raw}</Fragment>;
  });
}

type Within = { tokens?: Token[] };
const inside = (name: string) => (token: Within) => createElement(name, null, ...drawn(token.tokens));

/** Headings of a text are at lower levels than those of the page. */
const DRAWN: Record<string, (token: never) => ReactNode> = {
  space: () => null,
  heading: (token: Tokens.Heading) =>
    createElement(`h${Math.min(6, token.depth + 3)}`, null, ...drawn(token.tokens)),
  paragraph: inside("p"),
  strong: inside("strong"),
  em: inside("em"),
  del: inside("del"),
  blockquote: inside("blockquote"),
  hr: () => <hr />,
  br: () => <br />,
  codespan: (token: Tokens.Codespan) => <code>{token.text}</code>,
  code: (token: Tokens.Code) => <pre tabIndex={0}>{token.text}</pre>,
  escape: (token: Tokens.Escape) => token.text,
  text: (token: Tokens.Text) => (token.tokens ? drawn(token.tokens) : token.text),
  html: (token: Tokens.HTML) => token.text,
  image: (token: Tokens.Image) => token.text,
  link: (token: Tokens.Link) =>
    /^(https?|mailto):/i.test(token.href) ? (
      <a href={token.href} target="_blank" rel="noreferrer">
        {drawn(token.tokens)}
      </a>
    ) : (
      drawn(token.tokens)
    ),
  list: (token: Tokens.List) =>
    createElement(
      token.ordered ? "ol" : "ul",
      null,
      ...token.items.map((item) => createElement("li", null, ...drawn(item.tokens))),
    ),
  checkbox: (token: Tokens.Checkbox) => (token.checked ? "☑ " : "☐ "),
  table: (token: Tokens.Table) => (
    <div className={classes.scroll} tabIndex={0}>
      <table>
        <thead>
          <tr>{token.header.map((cell, at) => createElement("th", { key: at }, ...drawn(cell.tokens)))}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, line) =>
            createElement(
              "tr",
              { key: line },
              ...row.map((cell) => createElement("td", null, ...drawn(cell.tokens))),
            ),
          )}
        </tbody>
      </table>
    </div>
  ),
};
