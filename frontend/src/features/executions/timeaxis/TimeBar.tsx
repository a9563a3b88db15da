import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { untilNow } from "@/shared/axis/scale";
import { formatDuration, secondsBetween } from "@/shared/lib/duration";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import type { Row } from "../rows/rows";
import classes from "./TimeAxis.module.css";

type Props = {
  row: Row;
  /** In percent of the axis; a running one has no width of its own. */
  left: number;
  width: number | null;
  focusable: boolean;
  current: boolean;
  gone: boolean;
  picked: boolean;
  onFocus: (id: string) => void;
};

/** An execution from its start to its end. One that has not started is drawn hollow. */
export const TimeBar = memo(function TimeBar(props: Props) {
  const { row, left, width } = props;
  const { zone } = usePreferences();
  return (
    <Link
      to="/executions/$id"
      params={{ id: row.id }}
      search={{}}
      className={classes.bar}
      aria-label={wordsOf(row, zone)}
      tabIndex={props.focusable ? 0 : -1}
      data-execution={row.id}
      data-tone={STATE_TOKENS[row.state].tone}
      data-state={row.state}
      data-lasts={width === null || undefined}
      data-waits={row.startedAt === null || undefined}
      data-idle={row.idle > 0 || undefined}
      data-current={props.current || undefined}
      data-gone={props.gone || undefined}
      data-picked={props.picked || undefined}
      style={{ left: `${left}%`, width: width === null ? untilNow(left) : `${width}%` }}
      onFocus={() => props.onFocus(row.id)}
    />
  );
});

/** "orders-etl-2, Failed after 4m 12s, 14:03:22": the same facts as the card. */
function wordsOf(row: Row, zone: "local" | "utc"): string {
  const { word } = STATE_TOKENS[row.state];
  const seconds = secondsBetween(row.startedAt, row.endedAt, Date.now());
  const lasted =
    seconds === null || !row.endedAt ? "" : ` after ${formatDuration(Math.max(0, seconds - row.idle))}`;
  const when = row.startedAt ? `started ${formatTime(row.startedAt, zone)}` : "not started";
  const idle = row.idle > 0 ? `, ${formatDuration(row.idle)} between its end and a restart` : "";
  return `${row.name}, ${word}${lasted}, ${when}${idle}`;
}
