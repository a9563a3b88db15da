import type { ReactNode } from "react";
import type { Shape } from "./stateTokens";

const line = {
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.75,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;
const body = { fill: "currentColor" };
/** Drawn on top of a filled body. */
const cut = { ...line, stroke: "var(--hw-surface)" };

/** Every shape has a unique outline, so that states are distinguishable without colour. */
const SHAPES: Record<Shape, ReactNode> = {
  dotted: <circle cx="8" cy="8" r="5.5" {...line} strokeDasharray="1 3.3" />,
  ring: <circle cx="8" cy="8" r="5.5" {...line} />,
  play: (
    <>
      <circle cx="8" cy="8" r="6" {...line} opacity=".28" />
      <path d="M8 2a6 6 0 0 1 6 6" {...line} />
      <path d="M6.7 5.6v4.8L10.6 8z" {...body} />
    </>
  ),
  pause: (
    <>
      <circle cx="8" cy="8" r="6" {...line} />
      <path d="M6.4 6v4m3.2-4v4" {...line} />
    </>
  ),
  hand: (
    <>
      <path d="M8 .8 15.2 8 8 15.2.8 8z" {...body} />
      <path d="M6.3 6.4a1.75 1.75 0 1 1 2.5 1.6c-.5.25-.8.5-.8 1" {...cut} strokeWidth={1.5} />
      <circle cx="8" cy="11.1" r=".95" fill="var(--hw-surface)" />
    </>
  ),
  check: <path d="m3.5 8.5 3 3 6-6.5" {...line} />,
  cross: (
    <>
      <circle cx="8" cy="8" r="7" {...body} />
      <path d="m5.5 5.5 5 5m0-5-5 5" {...cut} />
    </>
  ),
  exclamation: (
    <>
      <path d="m8 2 6.5 11.5h-13z" {...body} stroke="currentColor" strokeLinejoin="round" />
      <path d="M8 6.5v3m0 2v.01" {...cut} />
    </>
  ),
  square: (
    <>
      <rect x="2" y="2" width="12" height="12" rx="2.5" {...body} />
      <rect x="5.6" y="5.6" width="4.8" height="4.8" rx=".5" fill="var(--hw-surface)" />
    </>
  ),
  slash: (
    <>
      <circle cx="8" cy="8" r="6" {...line} />
      <path d="m4 12 8-8" {...line} />
    </>
  ),
  octagon: (
    <>
      <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" {...body} />
      <path d="M5 8h6" {...cut} />
    </>
  ),
  again: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.6h-2.6" {...line} />,
  bolt: <path d="M9 1 3 9h4l-1 6 6-8H8z" {...body} />,
  burst: (
    <>
      <path
        d="m8 .8 1.9 3.3 3.7-.9-.9 3.7L16 8l-3.3 1.9.9 3.7-3.7-.9L8 15.2l-1.9-2.5-3.7.9.9-3.7L0 8l3.3-1.1-.9-3.7 3.7.9z"
        {...body}
      />
      <path d="M8 5v3.6m0 2.2v.01" {...cut} />
    </>
  ),
  skip: <path d="M3.5 4.5 7 8l-3.5 3.5M9 4.5 12.5 8 9 11.5" {...line} />,
};

export function StateGlyph({ shape, size = 16 }: { shape: Shape; size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      {SHAPES[shape]}
    </svg>
  );
}
