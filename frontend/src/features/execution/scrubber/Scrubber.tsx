import { useMediaQuery } from "@mantine/hooks";
import { IconHistory } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { formatInteger } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import { formatClock } from "@/shared/lib/time";
import { percentOf, type Range, timeAt } from "../timeline/scale";
import { useWidth } from "../timeline/useWidth";
import { useSelection } from "../useSelection";
import { Ticks } from "./Ticks";
import { indexOfSeq, nearest } from "./marks";
import classes from "./Scrubber.module.css";
import { useEventMarks } from "./useEventMarks";

type Props = { record: ExecutionRecord; range: Range; ticking: boolean };

/** A moment is read from the server: not each one that the knob passes. */
const SETTLED = 150;

/** Every event as a tick below the axis of the bars; the knob shows the execution as it was after one of them. */
export function Scrubber(props: Props) {
  const phone = useMediaQuery("(max-width: 700px)");
  return phone ? null : <Slider {...props} />;
}

function Slider({ record, range, ticking }: Props) {
  const { at, select } = useSelection();
  const { zone } = usePreferences();
  const events = useEventMarks(record.head.id);
  const [measure, width] = useWidth();
  const [aimed, aim] = useAimed((index) => {
    const last = index >= events.length - 1;
    select({ at: last ? undefined : events[index]!.seq }, { replace: true });
  });
  const last = events.length - 1;
  const shown = aimed ?? (at === undefined ? last : indexOfSeq(events, at));
  const event = events[shown];
  const past = aimed === null ? at !== undefined : aimed < last;
  const clock = event && formatClock(event.at, zone);
  const words = `event ${formatInteger(shown + 1)}${past || !ticking ? ` of ${formatInteger(events.length)}` : ""}`;

  const drag = (pointer: PointerEvent<HTMLElement>) => {
    const box = pointer.currentTarget.getBoundingClientRect();
    const percent = ((pointer.clientX - box.left) / Math.max(1, box.width)) * 100;
    if (percent > 100) aim(last);
    else aim(nearest(events, timeAt(percent, range)));
  };
  const leap = Math.max(1, Math.round(events.length / 20));
  const steps: Record<string, number> = {
    ArrowLeft: shown - 1,
    ArrowDown: shown - 1,
    ArrowRight: shown + 1,
    ArrowUp: shown + 1,
    PageDown: shown - leap,
    PageUp: shown + leap,
    Home: 0,
    End: last,
  };
  const pressed = (key: KeyboardEvent) => {
    const to = steps[key.key];
    if (to === undefined || last < 0) return;
    key.preventDefault();
    aim(Math.max(0, Math.min(last, to)));
  };

  return (
    <div className={classes.scrubber}>
      <div className={classes.moment}>
        {ticking && !past ? (
          <span className={classes.dot} />
        ) : (
          <IconHistory size={14} stroke={1.75} aria-hidden="true" />
        )}
        <span className="hw-cut">
          {ticking && !past ? "Live" : (clock ?? "")} {event && <span className={classes.faint}>{words}</span>}
        </span>
        {past && (
          <button type="button" className={classes.back} onClick={() => aim(last, true)}>
            {ticking || !record.head.endedAt ? "Back to live" : "Back to the end"}
          </button>
        )}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the slider in it is what the keyboard moves */}
      <div
        ref={measure}
        className={classes.track}
        onPointerDown={(pointer) => {
          if (!events.length) return;
          pointer.currentTarget.setPointerCapture?.(pointer.pointerId);
          drag(pointer);
        }}
        onPointerMove={(pointer) => {
          if (pointer.buttons === 1 && aimed !== null) drag(pointer);
        }}
        onPointerUp={() => aimed !== null && aim(aimed, true)}
      >
        <Ticks events={events} range={range} width={width} />
        <span
          role="slider"
          tabIndex={0}
          aria-label="Moment shown"
          aria-valuemin={1}
          aria-valuemax={Math.max(1, events.length)}
          aria-valuenow={Math.max(1, shown + 1)}
          aria-valuetext={clock ? `${clock}, ${words}` : "no event yet"}
          className={classes.knob}
          data-live={(ticking && !past) || undefined}
          style={{ left: knobAt(event && past ? Date.parse(event.at) : null, range, ticking, event?.at) }}
          onKeyDown={pressed}
        />
      </div>
    </div>
  );
}

function knobAt(past: number | null, range: Range, ticking: boolean, last: string | undefined): string {
  if (past === null && ticking) return "calc(clamp(0, var(--now, 0), 100) * 1%)";
  const at = past ?? (last ? Date.parse(last) : range.to);
  return `${Math.min(100, Math.max(0, percentOf(at, range)))}%`;
}

/** Where the knob stands before the address says so; it is told when the knob has rested. */
function useAimed(settle: (index: number) => void) {
  const [aimed, setAimed] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(settle);
  useEffect(() => {
    latest.current = settle;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const aim = useMemo(
    () =>
      (index: number, atOnce = false) => {
        clearTimeout(timer.current);
        setAimed(index);
        const tell = () => {
          latest.current(index);
          setAimed(null);
        };
        if (atOnce) tell();
        else timer.current = setTimeout(tell, SETTLED);
      },
    [],
  );
  return [aimed, aim] as const;
}
