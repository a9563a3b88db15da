import { placed, type Range } from "@/shared/axis/scale";
import { formatInteger } from "@/shared/lib/number";
import { quoted } from "@/shared/lib/searchTerm";
import { isPicked, type Selection } from "../selection/selection";
import type { Flow, Track } from "./lanes";
import classes from "./TimeAxis.module.css";
import { TimeBar } from "./TimeBar";

type Props = {
  track: Track;
  range: Range;
  top: number;
  height: number;
  /** The bar that Tab focuses. */
  tabStop: string | undefined;
  current: string | null;
  gone: ReadonlySet<string>;
  selection: Selection;
  onFocus: (id: string) => void;
  onFilter: (term: string) => void;
};

/** A line of bars; the first one of a flow has its name. */
export function TimeTrack({ track, range, top, height, tabStop, current, gone, selection, ...on }: Props) {
  return (
    <div
      role="listitem"
      className={classes.row}
      data-first={track.isFirst || undefined}
      data-last={track.isLast || undefined}
      data-dense={track.isDense || undefined}
      style={{ height, transform: `translateY(${top}px)` }}
    >
      <div className={classes.flow}>
        {track.isFirst && <FlowName flow={track.flow} onFilter={on.onFilter} />}
      </div>
      <div className={classes.track}>
        {track.bars.map(({ row, from, to }) => {
          const place = placed({ from, to }, range);
          return (
            place && (
              <TimeBar
                key={row.id}
                row={row}
                left={place.left}
                width={to === null ? null : place.width}
                focusable={row.id === tabStop}
                current={row.id === current}
                gone={gone.has(row.id)}
                picked={isPicked(selection, row.id)}
                onFocus={on.onFocus}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function FlowName({ flow, onFilter }: { flow: Flow; onFilter: (term: string) => void }) {
  const { namespace, key, count, failed, isAmbiguous } = flow;
  return (
    <>
      <button
        type="button"
        className={classes.name}
        title={`Only the flow ${namespace}/${key}`}
        onClick={() => onFilter(`flow:${quoted(key)}`)}
      >
        {isAmbiguous && `${namespace} / `}
        {key}
      </button>
      {failed > 0 && <span className={classes.failed}>{formatInteger(failed)} failed</span>}
      <span className={classes.number} title={`${formatInteger(count)} loaded`}>
        {formatInteger(count)}
      </span>
    </>
  );
}
