import { type PointerEvent, type ReactNode, useState } from "react";
import { labelOf, percentOf, type Range, type Tick, timeAt } from "@/shared/axis/scale";
import { useNow } from "@/shared/lib/now";
import { usePreferences } from "@/shared/lib/preferences";
import classes from "./AxisHead.module.css";

export type Brush = { from: number; to: number };
type Props = {
  range: Range;
  ticks: readonly Tick[];
  width: number;
  measure: (element: HTMLElement | null) => (() => void) | undefined;
  measureHead: (element: HTMLElement | null) => (() => void) | undefined;
  /** In percent, during a drag. */
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
  onZoom: (range: Range | null) => void;
  ticking: boolean;
  children: ReactNode;
};

/** A drag shorter than this, in percent, is a click. */
const LEAST = 1;

/** The time axis. A drag zooms into that range, a double click resets. */
export function AxisHead(props: Props) {
  const { range, ticks, width, brush, onBrush, onZoom, ticking, children } = props;
  const [start, setStart] = useState<number | null>(null);
  const at = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(100, Math.max(0, ((event.clientX - box.left) / Math.max(1, box.width)) * 100));
  };
  const end = () => {
    if (brush && brush.to - brush.from >= LEAST)
      onZoom({ from: timeAt(brush.from, range), to: timeAt(brush.to, range) });
    setStart(null);
    onBrush(null);
  };
  return (
    <div ref={props.measureHead} className={classes.axis}>
      <div className={classes.counts}>{children}</div>
      <div
        ref={props.measure}
        role="group"
        aria-label="Time axis"
        className={classes.ticks}
        title="Drag to zoom in, or press + and -"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture?.(event.pointerId);
          setStart(at(event));
        }}
        onPointerMove={(event) => {
          if (start === null) return;
          const here = at(event);
          onBrush({ from: Math.min(start, here), to: Math.max(start, here) });
        }}
        onPointerUp={end}
        onPointerCancel={() => {
          setStart(null);
          onBrush(null);
        }}
        onDoubleClick={() => onZoom(null)}
      >
        <Labels {...{ ticks, range, width, ticking }} />
      </div>
    </div>
  );
}

function edgeOf(left: number): "start" | "end" | undefined {
  if (left < 4) return "start";
  return left > 95 ? "end" : undefined;
}

type LabelsProps = { ticks: readonly Tick[]; range: Range; width: number; ticking: boolean };

/** A label at an edge is next to its line, not over it; within this distance it would touch the next one. */
const APART_AT_EDGE = 84;
const [SECOND, MINUTE] = [1_000, 60_000];
/** Half of the width of the "now" label plus half of that of a tick label. */
const TOUCHING = 66;

function Labels({ ticks, range, width, ticking }: LabelsProps) {
  const now = useNow(ticking);
  const { zone } = usePreferences();
  const at = ticking ? (percentOf(now, range) * width) / 100 : Number.NEGATIVE_INFINITY;
  const pixels = (percent: number) => (percent * width) / 100;
  const step = Math.min(MINUTE, Math.max(SECOND, (ticks[1]?.at ?? 0) - (ticks[0]?.at ?? 0)));
  const apart = pixels((ticks[1]?.left ?? 100) - (ticks[0]?.left ?? 0));
  return (
    <>
      {ticks
        .filter(({ left }) => Math.abs(pixels(left) - at) > TOUCHING)
        .filter(({ left }) => !edgeOf(left) || ticks.length === 1 || apart >= APART_AT_EDGE)
        .map(({ at, left, label }) => (
          <span key={at} className={classes.tick} data-edge={edgeOf(left)} style={{ left: `${left}%` }}>
            {label}
          </span>
        ))}
      {ticking && <span className={classes.now}>{labelOf(now, step, zone)} now</span>}
    </>
  );
}
