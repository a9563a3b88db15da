import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import type { Track } from "./lanes";

const TRACK = { roomy: 20, dense: 10 };
/** Above the first and below the last line of a flow. */
const MARGIN = 8;
/** The name of a flow stands beside the first line; on a phone above it. */
const NAME = 24;

type Shape = Pick<Track, "isFirst" | "isLast" | "isDense">;

export function heightOf({ isFirst, isLast, isDense }: Shape, phone: boolean): number {
  const line = isDense ? TRACK.dense : TRACK.roomy;
  return line + (isFirst ? MARGIN + (phone ? NAME : 0) : 0) + (isLast ? MARGIN : 0);
}

/** Only what is on the screen is drawn; heights are known without measuring. */
export function useVirtualTracks(tracks: readonly Track[], phone: boolean) {
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const top = body.current ? Math.round(body.current.getBoundingClientRect().top + window.scrollY) : 0;
    if (top !== offset) setOffset(top);
  });
  const virtual = useWindowVirtualizer({
    count: tracks.length,
    estimateSize: (at) => heightOf(tracks[at]!, phone),
    overscan: 10,
    scrollMargin: offset,
    scrollPaddingStart: 48,
    scrollPaddingEnd: 96,
    initialOffset: () => window.scrollY,
    getItemKey: (at) => tracks[at]!.key,
  });
  const heights = tracks.map((track) => heightOf(track, phone)).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes a height is what makes it measure again
  useLayoutEffect(() => virtual.measure(), [heights, virtual]);
  return { tracks: virtual, body, offset };
}
