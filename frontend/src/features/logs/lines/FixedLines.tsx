import { Fragment, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { useVersion } from "../store/useLog";
import classes from "./LogLines.module.css";
import { keyOf, lineNear, type ViewProps } from "./view";
import * as at from "./window";

const MORE = 25;

/** Rows of one height: the position of any of ten million lines is a multiplication. */
export function FixedLines({ store, goal, follow, draw, onSeen }: ViewProps) {
  const version = useVersion(store);
  const box = useRef<HTMLDivElement>(null);
  const [client, setClient] = useState(0);
  const [place, setPlace] = useState(() =>
    follow.following ? at.endOf({ count: store.count, client: 0 }) : firstPlace(store, goal, 0),
  );
  const anchor = useRef<{ line: number; index: number } | null>(null);
  const extent = { count: store.count, client };
  const { from, to } = at.rowsAt(place, extent, MORE);
  const seen = at.rowsAt(place, extent, 0);

  const begin = useEffectEvent((height: number) => {
    if (!follow.following) setPlace(firstPlace(store, goal, height));
  });
  useLayoutEffect(() => {
    const measured = box.current!;
    const watch = new ResizeObserver(() => setClient(measured.clientHeight));
    watch.observe(measured);
    setClient(measured.clientHeight);
    begin(measured.clientHeight);
    return () => watch.disconnect();
  }, []);

  const settle = useEffectEvent(() => {
    if (follow.following) return setPlace(at.endOf(extent));
    const kept = anchor.current;
    if (!kept || !store.has(kept.line)) return;
    const index = store.indexOf(kept.line);
    if (index !== kept.index) setPlace(at.placeAt(place.top + (index - kept.index) * at.ROW, extent));
    anchor.current = { line: kept.line, index };
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the log or of the box loads visible lines
  useLayoutEffect(() => settle(), [version, client, follow.following]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height must be set before the position
  useLayoutEffect(() => {
    const shown = box.current!;
    if (Math.abs(shown.scrollTop - place.scroll) >= 1) {
      shown.scrollTop = place.scroll;
      follow.moved(shown);
    }
  }, [place, store.count]);

  const look = useEffectEvent(() => {
    store.look(from, to);
    const top = lineNear(store, seen.from, 1);
    const bottom = lineNear(store, Math.min(seen.to, store.count - 1), -1);
    anchor.current = top === null ? null : { line: top, index: store.indexOf(top) };
    if (top !== null && bottom !== null) onSeen({ top, bottom });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each position and each change of the log loads visible lines
  useEffect(() => look(), [from, to, seen.from, seen.to, version]);

  const go = useEffectEvent((index: number, unlessSeen: boolean) => {
    const top = index * at.ROW;
    const isSeen = top >= place.top && top + at.ROW <= place.top + client;
    if (!(unlessSeen && isSeen))
      setPlace(at.centred(index, { count: store.count, client: box.current!.clientHeight }));
  });
  useGoal(goal, store, go);

  const onScroll = () => {
    const shown = box.current!;
    follow.scrolled(shown, store.atEnd);
    setPlace((before) => {
      if (Math.abs(before.scroll - shown.scrollTop) < 1) return before;
      const next = at.scrolled(before, shown.scrollTop, extent);
      return at.hasDrifted(next, extent) ? at.placeAt(next.top, extent) : next;
    });
  };

  return (
    <div
      className={classes.scroller}
      ref={box}
      onScroll={onScroll}
      role="region"
      aria-label="Log lines"
      tabIndex={0}
    >
      <div className={classes.fixed} style={{ height: at.heightOf(extent) }}>
        <div
          className={classes.window}
          style={{ transform: `translateY(${from * at.ROW + place.scroll - place.top}px)` }}
        >
          {Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => {
            const row = store.at(from + offset);
            return <Fragment key={keyOf(row, from + offset)}>{draw(row, from + offset)}</Fragment>;
          })}
        </div>
      </div>
    </div>
  );
}

/** Delays reading where a log opens, so that nothing is read for a position that is left at once. */
function firstPlace(store: ViewProps["store"], goal: ViewProps["goal"], client: number): at.Place {
  const index = goal && goal.line !== "end" ? store.indexOf(goal.line) : 0;
  return at.centred(index, { count: store.count, client });
}

/** Loads the lines of a goal, then scrolls there. */
export function useGoal(
  goal: ViewProps["goal"],
  store: ViewProps["store"],
  go: (index: number, unlessSeen: boolean) => void,
): void {
  const arrive = useEffectEvent(go);
  useEffect(() => {
    if (!goal || goal.line === "end") return;
    const { line, unlessSeen = false } = goal;
    let wanted = true;
    void store.reach(line).then(() => wanted && arrive(store.indexOf(line), unlessSeen));
    return () => {
      wanted = false;
    };
  }, [goal, store]);
}
