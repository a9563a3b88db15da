import type { Tick } from "@/shared/axis/scale";
import { useMoment } from "@/shared/lib/moment";
import type { Brush } from "./AxisHead";
import classes from "./Grid.module.css";

type Props = {
  ticks: readonly Tick[];
  brush: Brush | null;
  ticking: boolean;
  height: number;
  head: number;
};

/** The vertical lines of the axis through all rows, and the line of now or of the shown moment. */
export function Grid({ ticks, brush, ticking, height, head }: Props) {
  const moment = useMoment();
  return (
    <div
      className={classes.grid}
      aria-hidden="true"
      style={{ top: head, height: `max(${height}px, 100% - ${head}px)` }}
    >
      {ticks.map(({ at, left }) => (
        <i key={at} className={classes.tick} style={{ left: `${left}%` }} />
      ))}
      {ticking && <i className={classes.now} />}
      {moment !== null && <i className={classes.moment} />}
      {brush && (
        <i className={classes.brush} style={{ left: `${brush.from}%`, width: `${brush.to - brush.from}%` }} />
      )}
    </div>
  );
}
