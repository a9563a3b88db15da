import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { LogBuffer } from "./logBuffer";

const NEAR = 24;

/** Stays at the end until somebody scrolls up; then counts what has arrived meanwhile. */
export function useFollow(scroller: RefObject<HTMLDivElement | null>, buffer: LogBuffer, rowHeight: number) {
  const [following, setFollowing] = useState(true);
  const [stoppedAt, setStoppedAt] = useState(0);
  const last = useRef(0);
  const prepended = useRef(buffer.prepended);

  const stop = useCallback(() => {
    setFollowing(false);
    setStoppedAt(buffer.arrived);
  }, [buffer]);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    const moved = box.scrollTop - last.current;
    last.current = box.scrollTop;
    // The event of a move of ours may come late, after `stop`: it did not move and asks for nothing.
    if (atEnd && moved > 0) setFollowing(true);
    else if (!atEnd && moved < -1) {
      setFollowing((was) => {
        if (was) setStoppedAt(buffer.arrived);
        return false;
      });
    }
  }, [scroller, buffer]);

  const count = buffer.lines.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each growth asks for a look
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const shift = (buffer.prepended - prepended.current) * rowHeight;
    prepended.current = buffer.prepended;
    if (following) box.scrollTop = box.scrollHeight;
    else if (shift) box.scrollTop += shift;
    last.current = box.scrollTop;
  }, [count, buffer.prepended, following, buffer, rowHeight]);

  const follow = useCallback(() => setFollowing(true), []);
  return { following, unseen: following ? 0 : buffer.arrived - stoppedAt, onScroll, follow, stop };
}
