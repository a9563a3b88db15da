import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { barByKey, placeOf, type Track } from "./lanes";

type Keys = {
  root: RefObject<HTMLElement | null>;
  tracks: readonly Track[];
  current: string | null;
  onCurrent: (id: string) => void;
  scrollToTrack: (at: number, options: { align: "auto" }) => void;
};

/** Tab focuses one bar; the arrows, Home and End move from there. The page scrolls to the current one. */
export function useBarKeys({ root, tracks, current, onCurrent, scrollToTrack }: Keys) {
  const place = placeOf(tracks, current) ?? { track: 0, at: 0 };
  const focusing = useRef(false);
  useEffect(() => {
    if (current) scrollToTrack(place.track, { align: "auto" });
  }, [current, place.track, scrollToTrack]);
  useEffect(() => {
    if (!focusing.current || !current) return;
    const bar = root.current?.querySelector<HTMLElement>(`[data-execution="${current}"]`);
    if (!bar) return; // its track is rendered once the page has scrolled to it
    focusing.current = false;
    bar.focus({ preventScroll: true });
  });
  const pressed = (event: KeyboardEvent) => {
    if (!(event.target as Element).closest("[data-execution]")) return;
    const next = barByKey(tracks, place, event.key);
    if (!next) return;
    event.preventDefault();
    focusing.current = true;
    onCurrent(next.row.id);
  };
  return { pressed, tabStop: tracks[place.track]?.bars[place.at]?.row.id };
}
