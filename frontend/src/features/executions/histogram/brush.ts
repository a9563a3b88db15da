/** The focused bar, and the range being selected. */
export type Brush = { at: number | null; from: number | null };

export const NO_BRUSH: Brush = { at: null, from: null };

/** The effect of a key: moves, applies the range, or clears it; null for keys that the histogram does not use. */
export type Stroke = { brush: Brush; done: "pick" | "reset" | null } | null;

export function stroke(
  brush: Brush,
  { key, shiftKey }: { key: string; shiftKey: boolean },
  count: number,
): Stroke {
  if (key === "Enter" || key === " ") return brush.at === null ? null : { brush, done: "pick" };
  if (key === "Escape")
    return { brush: { ...brush, from: null }, done: brush.from === null ? "reset" : null };
  const at = moved(brush.at, key, count);
  if (at === null) return null;
  return { brush: { at, from: shiftKey ? (brush.from ?? brush.at ?? at) : null }, done: null };
}

function moved(at: number | null, key: string, count: number): number | null {
  const last = count - 1;
  switch (key) {
    case "ArrowLeft":
      return at === null ? last : Math.max(0, at - 1);
    case "ArrowRight":
      return at === null ? 0 : Math.min(last, at + 1);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

/** The first and last bar of the range; null while there is none. */
export function stretchOf({ at, from }: Brush): [number, number] | null {
  return at === null || from === null ? null : [Math.min(at, from), Math.max(at, from)];
}
