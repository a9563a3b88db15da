import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useLayoutEffect, useRef } from "react";
import { useVersion } from "../store/useLog";
import { useGoal } from "./FixedLines";
import classes from "./LogLines.module.css";
import { keyOf, lineNear, type ViewProps } from "./view";
import { ROW } from "./window";

/** Rows as high as their text, measured where they are visible. */
export function WrappedLines({ store, goal, follow, draw, onSeen }: ViewProps) {
  const version = useVersion(store);
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ line: number; index: number; offset: number } | null>(null);
  const virtual = useVirtualizer({
    count: store.count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (index) => keyOf(store.at(index), index),
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const height = virtual.getTotalSize();
  const scroll = virtual.scrollOffset ?? 0;
  const view = box.current?.clientHeight ?? 0;
  const first = items.find((item) => item.end > scroll)?.index ?? 0;
  const last = items.findLast((item) => item.start < scroll + view)?.index ?? first;

  const settle = useEffectEvent(() => {
    const shown = box.current!;
    const kept = anchor.current;
    if (follow.following) shown.scrollTop = shown.scrollHeight;
    else if (kept && store.has(kept.line)) {
      const index = store.indexOf(kept.line);
      const start = virtual.measurementsCache[index]?.start;
      if (index === kept.index || start === undefined) return;
      shown.scrollTop = start + kept.offset;
      anchor.current = { ...kept, index };
    } else return;
    follow.moved(shown);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines inserted above, or measured at the end, move the visible ones
  useLayoutEffect(() => settle(), [version, follow.following]);
  const stay = useEffectEvent(() => follow.following && settle());
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => void stay(), [height, view]);

  // A view at the end stays there when the box becomes lower: the last lines show the cause.
  const ended = useRef(false);
  const stayAtEnd = useEffectEvent(() => {
    const shown = box.current!;
    if (!ended.current || follow.following) return;
    shown.scrollTop = shown.scrollHeight;
    follow.moved(shown);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height of the box moves the end
  useLayoutEffect(() => stayAtEnd(), [view]);

  const look = useEffectEvent(() => {
    store.look(first, last);
    ended.current = view > 0 && height - scroll - view < ROW;
    const [top, bottom] = [lineNear(store, first, 1), lineNear(store, last, -1)];
    const index = top === null ? -1 : store.indexOf(top);
    const start = virtual.measurementsCache[index]?.start;
    anchor.current =
      top === null || start === undefined ? null : { line: top, index, offset: scroll - start };
    if (top !== null && bottom !== null) onSeen({ top, bottom });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each position and each change of the log loads visible lines
  useEffect(() => look(), [first, last, scroll, version]);

  useGoal(goal, store, (index, unlessSeen) => {
    const item = virtual.measurementsCache[index];
    const shown = box.current!;
    const isSeen = item && item.start >= shown.scrollTop && item.end <= shown.scrollTop + shown.clientHeight;
    if (unlessSeen && isSeen) return;
    anchor.current = null; // now the target line keeps its position
    virtual.scrollToIndex(index, { align: "center" });
  });

  return (
    <div
      className={classes.scroller}
      ref={box}
      onScroll={(event) => follow.scrolled(event.currentTarget, store.atEnd)}
      role="region"
      aria-label="Log lines"
      tabIndex={0}
      data-wrap
    >
      <div className={classes.measured} style={{ height }}>
        {items.map((item) => (
          <div
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            className={classes.row}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {draw(store.at(item.index), item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
