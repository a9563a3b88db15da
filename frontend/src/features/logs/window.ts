/** Heights above this are cut by browsers (Firefox at about 17 million pixels), so the scroller is at most so high. */
export const HIGHEST = 8_000_000;
export const ROW = 20;

/** A list of rows of one height in a box that scrolls. */
export type Extent = { count: number; client: number };

/**
 * Where one looks: `top` in pixels of the list, `scroll` in pixels of the box. They are the same while the list is no
 * higher than a box may be; in a higher one the box's position stands for a share of the list.
 */
export type Place = { top: number; scroll: number };

export function heightOf({ count }: Extent): number {
  return Math.min(HIGHEST, count * ROW);
}

/** The place that shows a list's position, at its top edge. */
export function placeAt(top: number, extent: Extent): Place {
  const within = Math.min(Math.max(0, top), farthest(extent));
  return { top: within, scroll: within * scaleOf(extent) };
}

export function endOf(extent: Extent): Place {
  return placeAt(Number.POSITIVE_INFINITY, extent);
}

/** The place that shows a row in the middle. */
export function centred(index: number, extent: Extent): Place {
  return placeAt(index * ROW - (extent.client - ROW) / 2, extent);
}

/**
 * After the box was scrolled. Steps of a wheel or of a key move the list by as much; longer ones, as of the bar, go to
 * their share of the list.
 */
export function scrolled(place: Place, scroll: number, extent: Extent): Place {
  if (scaleOf(extent) === 1) return { top: scroll, scroll };
  const step = scroll - place.scroll;
  if (Math.abs(step) > extent.client) return { top: scroll / scaleOf(extent), scroll };
  const top = Math.min(Math.max(0, place.top + step), farthest(extent));
  return { top, scroll };
}

/** Whether the box must be moved to where its position says what is shown, lest its end comes before the list's. */
export function hasDrifted({ top, scroll }: Place, extent: Extent): boolean {
  const right = top * scaleOf(extent);
  if (Math.abs(right - scroll) < 1) return false;
  const room = heightOf(extent) - extent.client;
  return scroll < extent.client || scroll > room - extent.client;
}

/** The rows that are on the screen, and some more on both sides. */
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

function scaleOf(extent: Extent): number {
  const far = farthest(extent);
  return extent.count * ROW <= HIGHEST ? 1 : (HIGHEST - extent.client) / far;
}
