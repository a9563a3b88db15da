import { memo } from "react";
import type { LogRowFragment } from "@/shared/graphql/gen/graphql";
import { formatTime } from "@/shared/lib/time";
import { LogText } from "@/shared/ui/LogText";
import classes from "./LogLine.module.css";

type Props = {
  line: LogRowFragment;
  marked?: boolean;
  showTask?: boolean;
  top?: number;
  onOpen?: (line: LogRowFragment) => void;
};

/** Longer ones are cut and open in a drawer: a megabyte on one line must not cost a megabyte of page. */
const CUT_AT = 1_000;

export const LogLine = memo(function LogLine({ line, marked = false, showTask = false, top, onOpen }: Props) {
  const long = line.text.length > CUT_AT;
  const place =
    top === undefined ? undefined : ({ position: "absolute", transform: `translateY(${top}px)` } as const);
  return (
    <div
      className={classes.line}
      data-level={line.level}
      data-marked={marked || undefined}
      data-line={line.line}
      style={place}
    >
      <a className={classes.number} href={`#L${line.line}`} aria-label={`Line ${line.line}`}>
        {line.line}
      </a>
      <span className={classes.time} title={line.at}>
        {formatTime(line.at)}
      </span>
      <span className={classes.level}>{line.level === "INFO" ? "" : line.level}</span>
      {showTask && (
        <span className={classes.task} title={line.attempt ? `attempt ${line.attempt}` : undefined}>
          {line.taskKey}
        </span>
      )}
      <span className={classes.text}>
        <LogText text={long ? line.text.slice(0, CUT_AT) : line.text} />
        {long && onOpen && (
          <button type="button" className={classes.rest} onClick={() => onOpen(line)}>
            {line.text.length - CUT_AT} more characters
          </button>
        )}
      </span>
    </div>
  );
});
