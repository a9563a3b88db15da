import type { Box, Layout } from "./layout";

/** The smallest zoom at which names can be read. */
export const READABLE = 0.85;
/** So that the whole graph shows, but no node larger than it is. */
export const FIT = { padding: 0.08, maxZoom: 1 };

const MARGIN = 16;

type Size = { width: number; height: number };

/**
 * Where the picture stands when all of it would be too small to be read: one node in the middle, as far as the graph
 * fills the room then.
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

/** The offset along one axis: what fits is in the middle, of the rest no room beyond an end is left empty. */
function along({ from, to }: { from: number; to: number }, centre: number, room: number): number {
  const [start, end] = [from * READABLE, to * READABLE];
  if (end - start + 2 * MARGIN <= room) return (room - start - end) / 2;
  const wanted = room / 2 - centre * READABLE;
  return Math.min(MARGIN - start, Math.max(room - MARGIN - end, wanted));
}
