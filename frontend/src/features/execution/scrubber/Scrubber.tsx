import { IconHistory } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { records } from "@/entities/execution/useRecord";
import { percentOf, type Range, timeAt } from "@/shared/axis/scale";
import { useWidth } from "@/shared/axis/useWidth";
import { formatInteger } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import { formatClock } from "@/shared/lib/time";
import { isEnded } from "@/shared/ui/stateTokens";
import { useSelection } from "../useSelection";
import { indexOfSeq, nearest } from "./marks";
import classes from "./Scrubber.module.css";
import { Ticks } from "./Ticks";
import { useEventMarks } from "./useEventMarks";

type Props = {
  record: ExecutionRecord;
  range: Range;
  /** The execution is running, and the page shows it live. */
  ticking: boolean;
};

/** A moment is read from the server once the knob rests, not for each position. */
const SETTLED = 150;

/** The newest event, even when others arrive: the events change while the user drags, so a target is never an index. */
const END = "end";
/** The seq of an event, or the end. */
type Aim = number | typeof END;

/** All events as ticks below the time axis; the knob shows the execution as it was after one of them. */
export function Scrubber({ record, range, ticking }: Props) {
  const { at, select } = useSelection();
  const { zone } = usePreferences();
  const [touched, setTouched] = useState(false);
  const touch = () => setTouched(true);
  const events = useEventMarks(record.head.id, touched || at !== undefined);
  const [measure, width] = useWidth();
  const last = events.at(-1)?.seq ?? 0;
  const [aimed, aim] = useAimed((to) => select({ at: to === END ? undefined : to }, { replace: true }));
  const dragging = useRef(false); // also while the pointer rests
  const moment = aimed ?? at ?? END;
  const shown = moment === END ? last : moment;
  const event = events[indexOfSeq(events, shown)];
  const past = moment !== END;
  const live = ticking && !past;
  const clock = event?.seq === shown ? formatClock(event.at, zone) : "";
  const words = wordsOf(shown, last, live);

  const drag = ({ clientX, currentTarget }: PointerEvent<HTMLElement>) => {
    const box = currentTarget.getBoundingClientRect();
    const percent = ((clientX - box.left) / Math.max(1, box.width)) * 100;
    const under = events[nearest(events, timeAt(percent, range))]!.seq;
    aim(percent > 100 || under >= last ? END : under);
  };
  const pressed = (key: KeyboardEvent) => {
    const to = stepped(key.key, shown, last);
    if (to === undefined) return;
    key.preventDefault();
    aim(to);
  };
  return (
    <div className={classes.scrubber}>
      <div className={classes.moment}>
        {live ? <span className={classes.dot} /> : <IconHistory size={14} stroke={1.75} aria-hidden="true" />}
        <span className="hw-cut">
          {live ? "Live" : clock} <span className={classes.faint}>{words}</span>
        </span>
        {past && <Back id={record.head.id} onBack={() => aim(END, true)} />}
      </div>
      <div
        ref={measure}
        role="presentation"
        className={classes.track}
        onPointerEnter={touch}
        onPointerDown={(pointer) => {
          if (!events.length) return;
          pointer.currentTarget.setPointerCapture?.(pointer.pointerId);
          dragging.current = true;
          drag(pointer);
        }}
        onPointerMove={(pointer) => {
          if (dragging.current) drag(pointer);
        }}
        onPointerUp={() => {
          dragging.current = false;
          if (aimed !== null) aim(aimed, true);
        }}
        onLostPointerCapture={() => {
          dragging.current = false;
        }}
      >
        <Ticks events={events} range={range} width={width} />
        <span
          role="slider"
          tabIndex={0}
          aria-label="Moment shown"
          aria-valuemin={1}
          aria-valuemax={Math.max(1, last)}
          aria-valuenow={Math.max(1, shown)}
          aria-valuetext={`${clock} ${words}`.trim()}
          className={classes.knob}
          data-live={live || undefined}
          style={{ left: live || !event ? AT_NOW : placeOf(Date.parse(event.at), range) }}
          onFocus={touch}
          onKeyDown={pressed}
        />
      </div>
    </div>
  );
}

function Back({ id, onBack }: { id: string; onBack: () => void }) {
  const latest = records.get(id);
  return (
    <button type="button" className={classes.back} onClick={onBack}>
      {latest && isEnded(latest.head.state) ? "Back to the end" : "Back to live"}
    </button>
  );
}

/** Events are numbered from 1 without gaps. */
function wordsOf(seq: number, last: number, live: boolean): string {
  if (!last) return "no event yet";
  return `event ${formatInteger(seq)}${live ? "" : ` of ${formatInteger(last)}`}`;
}

const AT_NOW = "calc(clamp(0, var(--now, 0), 100) * 1%)";

function placeOf(at: number, range: Range): string {
  return `${Math.min(100, Math.max(0, percentOf(at, range)))}%`;
}

/** The event that a key of the slider moves to; undefined for other keys. */
function stepped(key: string, from: number, last: number): Aim | undefined {
  const leap = Math.max(1, Math.round(last / 20));
  const steps: Record<string, number> = {
    ArrowLeft: from - 1,
    ArrowDown: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from + 1,
    PageDown: from - leap,
    PageUp: from + leap,
    Home: 1,
    End: last,
  };
  const to = steps[key];
  if (to === undefined || last === 0) return undefined;
  return to >= last ? END : Math.max(1, to);
}

/** The position of the knob before the URL changes, which happens once the knob rests. */
function useAimed(settle: (aim: Aim) => void) {
  const [aimed, setAimed] = useState<Aim | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(settle);
  useEffect(() => {
    latest.current = settle;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const aim = useMemo(
    () =>
      (to: Aim, atOnce = false) => {
        clearTimeout(timer.current);
        setAimed(to);
        const tell = () => {
          latest.current(to);
          setAimed(null);
        };
        if (atOnce) tell();
        else timer.current = setTimeout(tell, SETTLED);
      },
    [],
  );
  return [aimed, aim] as const;
}
