import { type MouseEvent, memo } from "react";
import { formatInteger } from "@/shared/lib/number";
import type { Preferences } from "@/shared/lib/preferences";
import { formatClock, formatExact } from "@/shared/lib/time";
import { LogText } from "@/shared/ui/LogText";
import type { Line } from "../choice";
import classes from "./LogLine.module.css";

type Props = {
  line: Line;
  zone: Preferences["zone"];
  wrap: boolean;
  showTask: boolean;
  /** Whether it is an error, by its level or as the cause of a failure. */
  error: boolean;
  marked: boolean;
  /** Whether it is the current match of the search or the current error. */
  current: boolean;
  find: string;
  onNumber: (line: number, event: MouseEvent) => void;
  onOpen: (line: Line) => void;
};

/** Longer lines are truncated and open in a drawer: a line of a megabyte must not make the page that large. */
export const CUT_AT = 1_000;

export const LogLine = memo(function LogLine({ line, zone, wrap, showTask, find, ...rest }: Props) {
  const { error, marked, current, onNumber, onOpen } = rest;
  const isLong = line.text.length > CUT_AT;
  return (
    <div
      className={classes.line}
      data-line={line.line}
      data-level={line.level}
      data-stream={line.stream}
      data-wrap={wrap || undefined}
      data-error={error || undefined}
      data-marked={marked || undefined}
      data-current={current || undefined}
    >
      <a
        className={classes.number}
        href={`#L${line.line}`}
        aria-label={`Line ${line.line}`}
        onClick={(event) => onNumber(line.line, event)}
      >
        {line.line}
      </a>
      <span className={classes.time} title={formatExact(line.at)}>
        {formatClock(line.at, zone)}
      </span>
      {showTask && (
        <span className={classes.task} title={taskWords(line)}>
          {line.taskKey}
        </span>
      )}
      <span className={classes.text}>
        {isLong && (
          <button type="button" className={classes.all} onClick={() => onOpen(line)}>
            show all {formatInteger(line.text.length)} characters
          </button>
        )}
        <Level line={line} />
        <LogText text={isLong ? line.text.slice(0, CUT_AT) : line.text} find={find} />
        {isLong && "…"}
      </span>
    </div>
  );
});

/** Every line on stderr has the level WARN unless its writer set another, so only the edge shows the stream. */
function Level({ line: { level, stream } }: { line: Line }) {
  if (level !== "ERROR" && (level !== "WARN" || stream === "STDERR")) return null;
  return <span className={classes.word}>{level}</span>;
}

function taskWords({ taskKey, attempt }: Line): string | undefined {
  if (!taskKey) return undefined;
  return attempt ? `${taskKey}, attempt ${attempt}` : taskKey;
}
