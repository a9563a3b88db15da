import type { ReactNode } from "react";
import type { Shape } from "./stateTokens";

const line = {
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.8,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;
const body = { fill: "currentColor" };

const SHAPES: Record<Shape, ReactNode> = {
  dotted: <circle cx="8" cy="8" r="5.6" {...line} strokeDasharray="1 3.4" />,
  ring: <circle cx="8" cy="8" r="5.4" {...line} />,
  play: <path d="M5 3.4v9.2L12.6 8Z" {...body} stroke="currentColor" strokeLinejoin="round" />,
  pause: <path d="M5.2 3.5v9M10.8 3.5v9" {...line} strokeWidth={2.6} />,
  hand: <path d="M8 1.8 14.2 8 8 14.2 1.8 8ZM8 5.2v3.2M8 10.8v.1" {...line} />,
  check: <path d="m3 8.6 3.4 3.4L13 4.8" {...line} strokeWidth={2.2} />,
  cross: <path d="m4 4 8 8M12 4l-8 8" {...line} strokeWidth={2.2} />,
  exclamation: <path d="M8 2.2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.5v.1" {...line} strokeWidth={1.6} />,
  square: <rect x="3.6" y="3.6" width="8.8" height="8.8" rx="1.4" {...body} />,
  slash: <path d="M12 4 4 12M8 2.4a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 8 2.4Z" {...line} strokeWidth={1.6} />,
  again: <path d="M12.8 8A4.8 4.8 0 1 1 11 4.2M11.4 1.6v2.9H8.5" {...line} />,
  bolt: <path d="M9 1.8 3.6 9h3.6L6.8 14.2 12.4 7H8.6Z" {...body} />,
  skip: <path d="M3.2 4v8L9 8ZM12 4v8" {...line} />,
};

export function StateGlyph({ shape }: { shape: Shape }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
      {SHAPES[shape]}
    </svg>
  );
}
