import { useMemo } from "react";
import { percentOf, placed, type Range, untilNow } from "@/shared/axis/scale";
import classes from "./CriticalLines.module.css";
import type { Stretch } from "./critical";
import type { Row } from "./rows";

type Props = {
  rows: readonly Row[];
  path: readonly Stretch[];
  heights: readonly number[];
  range: Range;
  head: number;
  /** The drawn part of the list, in pixels from its top. */
  from: number;
  to: number;
};

/** The line's position below the bar, within its row. */
const BELOW = 22;

/** The critical path: a line below each of its bars, joined where one task waited for the other. */
export function CriticalLines({ rows, path, heights, range, head, from, to }: Props) {
  const tops = useMemo(() => topsOf(rows, heights), [rows, heights]);
  const drawn = path.flatMap((stretch) => {
    const top = tops.get(stretch.id);
    return top === undefined ? [] : [{ ...stretch, y: top + BELOW }];
  });
  return (
    <div className={classes.lines} aria-hidden="true" style={{ top: head }}>
      {drawn.map((stretch, index) => {
        const before = drawn[index - 1];
        const place = placed(stretch, range);
        const joint = percentOf(stretch.from, range);
        const high = Math.min(before?.y ?? stretch.y, stretch.y);
        const low = Math.max(before?.y ?? stretch.y, stretch.y);
        if (low < from || high > to) return null;
        return (
          <span key={stretch.id}>
            {place && (
              <i
                className={classes.along}
                style={{
                  top: stretch.y,
                  left: `${place.left}%`,
                  width: stretch.to === null ? untilNow(place.left) : `${place.width}%`,
                }}
              />
            )}
            {before && joint >= 0 && joint <= 100 && (
              <i className={classes.down} style={{ top: high, left: `${joint}%`, height: low - high }} />
            )}
          </span>
        );
      })}
    </div>
  );
}

function topsOf(rows: readonly Row[], heights: readonly number[]): Map<string, number> {
  const tops = new Map<string, number>();
  let top = 0;
  rows.forEach((row, index) => {
    if (row.kind === "task" && row.critical) tops.set(row.id, top);
    top += heights[index] ?? 0;
  });
  return tops;
}
