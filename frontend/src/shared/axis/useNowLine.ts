import { type RefObject, useEffect, useEffectEvent } from "react";
import { percentOf, type Range } from "./scale";

const OFTEN = 16;
const SELDOM = 1000;
const CALM = 1000;
/** The percentage from which on the axis has too little room to grow. */
const FULL = 77;

type Line = { now: number | null; ticking: boolean; width: number; onStep: () => void };

/**
 * Keeps `--now`, in percent of the axis, on an element: running bars end there by CSS, without being rendered again.
 * The clock wakes only when the line moves by half a pixel.
 */
export function useNowLine(ref: RefObject<HTMLElement | null>, range: Range, line: Line): void {
  const { now, ticking, width, onStep } = line;
  const grown = useEffectEvent(onStep);
  const earliest = useEffectEvent(() => now ?? 0);

  useEffect(() => {
    const element = ref.current;
    if (!element || ticking) return;
    element.style.setProperty("--now", String(now === null ? 100 : percentOf(now, range)));
  }, [ref, range, now, ticking]);

  useEffect(() => {
    const element = ref.current;
    if (!element || !ticking) return;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pause = still
      ? CALM
      : Math.min(SELDOM, Math.max(OFTEN, (range.to - range.from) / (2 * width || 1)));
    let timer: ReturnType<typeof setTimeout>;
    let frame = 0;
    const draw = () => {
      const at = Math.max(Date.now(), earliest()); // the server's clock may be ahead of this one
      element.style.setProperty("--now", String(percentOf(at, range)));
      if (percentOf(at, range) > FULL) grown();
      timer = setTimeout(() => {
        frame = requestAnimationFrame(draw);
      }, pause);
    };
    draw();
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [ref, range, ticking, width]);
}
