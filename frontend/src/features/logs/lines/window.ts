/** Browsers limit heights (Firefox at about 17 million pixels), so the scroll container is at most this high. */
export const HIGHEST = 8_000_000;
export const ROW = 20;

/** A list of rows of one height in a scrolling box. */
export type Extent = { count: number; client: number };

/** This near to its ends, a list higher than its box scrolls with the box; otherwise its last rows would be unreachable. */
const EDGE = 50_000;

/**
 * A scroll position: `top` in pixels of the list, `scroll` in pixels of the box. They are equal unless the list is
 * higher than a box may be; then the box's position is a fraction of the list.
 */
export type Place = { top: number; scroll: number };

export function heightOf({ count }: Extent): number {
  return Math.min(HIGHEST, count * ROW);
}

/** The scroll position that shows a position of the list at its top edge. */
export function placeAt(top: number, extent: Extent): Place {
  const within = Math.min(Math.max(0, top), farthest(extent));
  return { top: within, scroll: scrollOf(within, extent) };
}

export function endOf(extent: Extent): Place {
  return placeAt(Number.POSITIVE_INFINITY, extent);
}

/** The scroll position that shows a row in the middle. */
export function centred(index: number, extent: Extent): Place {
  return placeAt(index * ROW - (extent.client - ROW) / 2, extent);
}

/**
 * The position after the box was scrolled. Steps of a wheel or key move the list by as much; longer ones, as of the
 * scroll bar, jump to the same fraction of the list.
 */
export function scrolled(place: Place, scroll: number, extent: Extent): Place {
  if (fits(extent)) return { top: scroll, scroll };
  const step = scroll - place.scroll;
  if (Math.abs(step) > extent.client) return { top: topOf(scroll, extent), scroll };
  return { top: Math.min(Math.max(0, place.top + step), farthest(extent)), scroll };
}

/** Whether the box must be moved to the fraction of its position, so that its end does not come before the list's. */
export function hasDrifted({ top, scroll }: Place, extent: Extent): boolean {
  if (Math.abs(scrollOf(top, extent) - scroll) < 1) return false;
  return scroll < extent.client || scroll > roomOf(extent) - extent.client;
}

/** The visible rows, and some more on both sides. */
export function rowsAt(
  { top }: Place,
  { count, client }: Extent,
  more: number,
): { from: number; to: number } {
  return {
    from: Math.max(0, Math.floor(top / ROW) - more),
    to: Math.min(count - 1, Math.ceil((top + client) / ROW) + more),
  };
}

function farthest({ count, client }: Extent): number {
  return Math.max(0, count * ROW - client);
}

function roomOf(extent: Extent): number {
  return Math.max(0, heightOf(extent) - extent.client);
}

function fits({ count }: Extent): boolean {
  return count * ROW <= HIGHEST;
}

function scrollOf(top: number, extent: Extent): number {
  const [far, room] = [farthest(extent), roomOf(extent)];
  if (fits(extent) || top <= EDGE) return top;
  if (top >= far - EDGE) return room - (far - top);
  return EDGE + ((top - EDGE) * (room - 2 * EDGE)) / (far - 2 * EDGE);
}

function topOf(scroll: number, extent: Extent): number {
  const [far, room] = [farthest(extent), roomOf(extent)];
  if (scroll <= EDGE) return scroll;
  if (scroll >= room - EDGE) return far - (room - scroll);
  return EDGE + ((scroll - EDGE) * (far - 2 * EDGE)) / (room - 2 * EDGE);
}
