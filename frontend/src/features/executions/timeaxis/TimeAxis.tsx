import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useRef } from "react";
import { ticksOf } from "@/shared/axis/scale";
import { useNowLine } from "@/shared/axis/useNowLine";
import { useWidth } from "@/shared/axis/useWidth";
import { useLink } from "@/shared/graphql/link";
import { formatCount, formatInteger } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import type { Rows } from "../rows/rows";
import type { Selection } from "../selection/selection";
import { BarCard, useBarCard } from "./BarCard";
import { tracksOf } from "./lanes";
import classes from "./TimeAxis.module.css";
import { TimeTrack } from "./TimeTrack";
import { useAxis } from "./useAxis";
import { useBarKeys } from "./useBarKeys";
import { useVirtualTracks } from "./useVirtualTracks";

type Props = {
  rows: Rows;
  selection: Selection;
  current: string | null;
  onCurrent: (id: string | null) => void;
  onFilter: (term: string) => void;
};

/** The gap between bars, in pixels, which is also the minimum width of a bar. */
const GAP = 4;

/** The rows of the list as bars on one time axis, one or more lines for each flow. */
export function TimeAxis({ rows, selection, current, onCurrent, onFilter }: Props) {
  const phone = useMediaQuery("(max-width: 700px)", undefined, { getInitialValueInEffect: false }) ?? false;
  const { zone } = usePreferences();
  const root = useRef<HTMLDivElement>(null);
  const [measure, width] = useWidth();
  const shown = useMemo(() => rows.shown.map((id) => rows.byId.get(id)!), [rows]);
  const { range, now, ticking, onStep } = useAxis(shown, useLink().phase === "live");
  const tracks = useMemo(
    () => tracksOf(shown, (GAP * (range.to - range.from)) / width),
    [shown, range, width],
  );
  const ticks = useMemo(() => ticksOf(range, width, zone), [range, width, zone]);
  useNowLine(root, range, { now, ticking, width, onStep });
  const virtual = useVirtualTracks(tracks, phone);
  const card = useBarCard();

  const { scrollToIndex } = virtual.tracks;
  const keys = useBarKeys({ root, tracks, current, onCurrent, scrollToTrack: scrollToIndex });

  return (
    <div
      ref={root}
      role="group"
      aria-label="Timeline"
      className={classes.timeline}
      onKeyDown={keys.pressed}
      {...card.events}
    >
      <div className={classes.head}>
        <p className={classes.count}>
          {shown.length < rows.total.value && `${formatInteger(shown.length)} of `}
          {formatCount(rows.total)} {rows.total.value === 1 ? "execution" : "executions"}
        </p>
        <div className={classes.ticks} ref={measure} aria-hidden="true">
          {ticks.map(({ at, left, label }) => (
            <span
              key={at}
              style={{ left: `${left}%` }}
              data-edge={left < 3 ? "start" : left > 96 ? "end" : undefined}
            >
              {label}
            </span>
          ))}
        </div>
      </div>
      <div ref={virtual.body} className={classes.body} style={{ height: virtual.tracks.getTotalSize() }}>
        <div className={classes.grid} aria-hidden="true">
          {ticks.map(({ at, left }) => (
            <i key={at} style={{ left: `${left}%` }} />
          ))}
          {ticking && <i className={classes.now} />}
        </div>
        <div role="list" aria-label="Executions over time, by flow">
          {virtual.tracks.getVirtualItems().map((item) => (
            <TimeTrack
              key={item.key}
              track={tracks[item.index]!}
              range={range}
              top={item.start - virtual.offset}
              height={item.size}
              tabStop={keys.tabStop}
              current={current}
              gone={rows.gone}
              selection={selection}
              onFocus={onCurrent}
              onFilter={onFilter}
            />
          ))}
        </div>
      </div>
      {card.shown && <BarCard {...card.shown} row={rows.byId.get(card.shown.id)} live={ticking} />}
    </div>
  );
}
