import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import type { Track } from "./lanes";

const TRACK = { roomy: 20, dense: 10 };
/** The padding above the first and below the last line of a flow. */
const MARGIN = 8;
/** The name of a flow is next to the first line; on a phone above it. */
const NAME = 24;

type Shape = Pick<Track, "isFirst" | "isLast" | "isDense">;

export function heightOf({ isFirst, isLast, isDense }: Shape, phone: boolean): number {
  const line = isDense ? TRACK.dense : TRACK.roomy;
  return line + (isFirst ? MARGIN + (phone ? NAME : 0) : 0) + (isLast ? MARGIN : 0);
}

/** Only visible tracks are rendered; heights are known without measuring. */
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: changes of a height trigger a new measurement
  useLayoutEffect(() => virtual.measure(), [heights, virtual]);
  return { tracks: virtual, body, offset };
}
