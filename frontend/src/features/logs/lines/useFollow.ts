import { useCallback, useRef, useState } from "react";

const NEAR = 24;
type Box = Pick<HTMLElement, "scrollTop" | "scrollHeight" | "clientHeight">;

/** Whether a box still follows after a scroll: scrolling up stops it, reaching the end resumes. */
export function followsAfter(following: boolean, from: number, box: Box, hasEnd: boolean): boolean {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  const moved = box.scrollTop - from;
  // The event of a programmatic scroll may come late, after a stop: without movement it changes nothing.
  if (atEnd && moved > 0) return following || hasEnd;
  return atEnd || moved >= -1 ? following : false;
}

/** Keeps the view at the end until the user scrolls up; then counts the lines that arrive. */
export function useFollow(arrived: number, initially: boolean) {
  const [following, setFollowing] = useState(initially);
  const [stoppedAt, setStoppedAt] = useState(arrived);
  const last = useRef(0);

  const change = useCallback((next: boolean, count: number) => {
    setFollowing((was) => {
      if (was && !next) setStoppedAt(count);
      return next;
    });
  }, []);

  const scrolled = (box: Box, hasEnd: boolean) => {
    change(followsAfter(following, last.current, box, hasEnd), arrived);
    last.current = box.scrollTop;
  };
  return {
    following,
    unseen: following ? 0 : arrived - stoppedAt,
    scrolled,
    /** Announces a programmatic scroll, so that it is not taken for the user's. */
    moved: (box: Box) => {
      last.current = box.scrollTop;
    },
    follow: () => change(true, arrived),
    stop: () => change(false, arrived),
  };
}
