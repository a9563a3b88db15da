import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, memo, type PointerEvent, useState } from "react";
import { usePreferences } from "@/shared/lib/preferences";
import { formatDay, formatMinutes, formatTime } from "@/shared/lib/time";
import type { Span } from "../search/dates";
import { NO_BRUSH, stretchOf, stroke } from "./brush";
import classes from "./Histogram.module.css";
import {
  barsOfSpan,
  drawn,
  edgesOf,
  factsOf,
  type HistogramBar,
  spanOfBars,
  tallyOf,
  ticksOf,
} from "./histogram";

type Props = {
  bars: readonly HistogramBar[];
  /** The height of the bars, in pixels. */
  height: number;
  span: Span | null;
  onSpan: (span: Span | null) => void;
};

/** When executions started, by state. A drag, or the arrow keys with shift, select a time range. */
export const Histogram = memo(function Histogram({ bars, height, span, onSpan }: Props) {
  const { zone } = usePreferences();
  const { ref, width } = useElementSize();
  const [brush, setBrush] = useState(NO_BRUSH);
  const { at } = brush;
  const picked = stretchOf(brush) ?? (span && barsOfSpan(bars, span));
  const shapes = drawn(bars, width, height);
  const step = width / Math.max(1, bars.length);
  const barAt = (event: PointerEvent<Element>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(bars.length - 1, Math.floor((event.clientX - left) / step)));
  };
  const pick = () => {
    if (at !== null && bars.length) onSpan(spanOfBars(bars, brush.from ?? at, at));
    setBrush(NO_BRUSH);
  };
  const pressed = (event: KeyboardEvent) => {
    const done = stroke(brush, event, bars.length);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
    if (done.done === "pick") return pick();
    if (done.done === "reset" && span) onSpan(null);
    setBrush(done.brush);
  };
  const named = at === null ? undefined : bars[at];
  return (
    <div className={classes.chart} ref={ref}>
      <div
        className={classes.slider}
        role="slider"
        tabIndex={0}
        aria-label="Executions over time: arrow keys move from bar to bar, with Shift they select a range, Enter filters by it, Escape resets"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bars.length - 1)}
        aria-valuenow={at ?? Math.max(0, bars.length - 1)}
        aria-valuetext={named ? `${timesOf(named, zone)}: ${factsOf(named)}` : summaryOf(bars)}
        onKeyDown={pressed}
        onBlur={() => setBrush(NO_BRUSH)}
        onPointerMove={(event) => setBrush({ ...brush, at: barAt(event) })}
        onPointerLeave={() => brush.from === null && setBrush(NO_BRUSH)}
        onPointerDown={(event) => {
          if (event.button !== 0 || !bars.length) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setBrush({ at: barAt(event), from: barAt(event) });
        }}
        onPointerUp={() => brush.from !== null && pick()}
        onPointerCancel={() => setBrush(NO_BRUSH)}
      >
        <svg className={classes.bars} width="100%" height={height} aria-hidden="true">
          {picked && (
            <rect
              className={classes.brush}
              x={picked[0] * step}
              y={0}
              width={(picked[1] - picked[0] + 1) * step}
              height={height}
            />
          )}
          {shapes.map(({ x, width: wide, parts }, index) => (
            <g
              key={bars[index]!.start}
              data-out={(picked && (index < picked[0] || index > picked[1])) || undefined}
              data-at={index === at || undefined}
            >
              {index === at && <rect className={classes.at} x={x} y={0} width={step} height={height} />}
              {parts.map(({ kind, y, height: high }) => (
                <rect key={kind} data-kind={kind} x={x} y={y} width={wide} height={high} />
              ))}
            </g>
          ))}
          <line className={classes.base} x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
          {picked && (
            <Edges from={picked[0] * step} to={(picked[1] + 1) * step} width={width} height={height} />
          )}
        </svg>
      </div>
      <Axis bars={bars} width={width} />
      {named && <Card bar={named} x={(at! + 0.5) * step} width={width} />}
    </div>
  );
});

function Edges({ from, to, width, height }: Record<"from" | "to" | "width" | "height", number>) {
  return [Math.max(1, from), Math.min(width - 1, to)].map((x, side) => (
    <g key={side === 0 ? "from" : "to"} className={classes.edge}>
      <path d={`M${x} 0V${height}`} />
      <rect x={Math.min(width - 8, Math.max(0, x - 4))} y={height / 2 - 9} width={8} height={18} rx={3} />
    </g>
  ));
}

function Axis({ bars, width }: { bars: readonly HistogramBar[]; width: number }) {
  const { zone } = usePreferences();
  const edges = edgesOf(bars);
  if (!edges || !width) return <div className={classes.axis} />;
  const isLong = edges.until - edges.since > 2 * 86_400e3;
  return (
    <div className={classes.axis} aria-hidden="true">
      {ticksOf(edges, width, zone, width < 500 ? 64 : 90).map((at) => {
        const x = ((at - edges.since) / (edges.until - edges.since)) * width;
        if (x > width - 24) return null;
        return (
          <span key={at} style={{ left: x }} data-first={x < 20 || undefined}>
            {tickOf(at, zone, isLong)}
          </span>
        );
      })}
    </div>
  );
}

function tickOf(at: number, zone: "local" | "utc", isLong: boolean): string {
  const clock = formatMinutes(at, zone);
  const day = formatDay(at, zone);
  if (clock === "00:00") return day;
  return isLong ? `${day} ${clock}` : clock;
}

function timesOf(bar: HistogramBar, zone: "local" | "utc"): string {
  const short = (at: string) => formatTime(at, zone).replace(/:00$/, "");
  return `${short(bar.start)} to ${short(bar.end)}`;
}

function Card({ bar, x, width }: { bar: HistogramBar; x: number; width: number }) {
  const { zone } = usePreferences();
  const side = x > width / 2 ? { right: Math.max(0, width - x + 8) } : { left: x + 8 };
  return (
    <div className={classes.card} style={side} aria-hidden="true">
      <span>{timesOf(bar, zone)}</span>
      <strong>{factsOf(bar)}</strong>
    </div>
  );
}

function summaryOf(bars: readonly HistogramBar[]): string {
  const tally = tallyOf(bars);
  return `${tally.failed} failed of ${tally.total}`;
}
