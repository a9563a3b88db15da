import type { Box, Layout } from "./layout";

/** The smallest zoom at which names are readable. */
export const READABLE = 0.85;
/** Fits the whole graph, but enlarges no node. */
export const FIT = { padding: 0.08, maxZoom: 1 };

const MARGIN = 16;

type Size = { width: number; height: number };

/**
 * The initial view when the whole graph would be too small to read: one node in the middle, as far as the graph fills
 * the pane then.
 */
export function arrivalAt(box: Box, layout: Layout, room: Size) {
  const boxes = [...layout.values()];
  const across = along(
    { from: Math.min(...boxes.map(({ x }) => x)), to: Math.max(...boxes.map(({ x, width }) => x + width)) },
    box.x + box.width / 2,
    room.width,
  );
  const down = along(
    { from: Math.min(...boxes.map(({ y }) => y)), to: Math.max(...boxes.map(({ y, height }) => y + height)) },
    box.y + box.height / 2,
    room.height,
  );
  return { x: across, y: down, zoom: READABLE };
}

/** The offset along one axis: a graph that fits is centred, else there is no empty space beyond an end. */
function along({ from, to }: { from: number; to: number }, centre: number, room: number): number {
  const [start, end] = [from * READABLE, to * READABLE];
  if (end - start + 2 * MARGIN <= room) return (room - start - end) / 2;
  const wanted = room / 2 - centre * READABLE;
  return Math.min(MARGIN - start, Math.max(room - MARGIN - end, wanted));
}
