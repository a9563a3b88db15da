import type { MouseEvent } from "react";
import classes from "../LogsPanel.module.css";
import type { Mark } from "../search/matches";
import type { Seen } from "./view";

type Props = {
  marks: readonly Mark[];
  seen: Seen;
  begin: number;
  end: number;
  onGo: (line: number) => void;
};

/** The positions of errors and warnings in the whole log, and the visible part of it. For the mouse only. */
export function LogRuler({ marks, seen, begin, end, onGo }: Props) {
  const length = Math.max(1, end - begin + 1);
  const share = (line: number) => `${(Math.min(1, Math.max(0, (line - begin) / length)) * 100).toFixed(2)}%`;
  const go = (event: MouseEvent<HTMLDivElement>) => {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    const at = Math.min(1, Math.max(0, (event.clientY - top) / height));
    onGo(Math.min(end, begin + Math.floor(at * length)));
  };
  return (
    <div className={classes.ruler} onClick={go} data-ruler aria-hidden="true">
      <em
        style={{
          top: share(seen.top),
          height: `max(4px, ${((seen.bottom - seen.top + 1) / length) * 100}%)`,
        }}
      />
      {marks.map(({ share: at, tone }) => (
        <i key={at} data-tone={tone} style={{ top: `${at * 100}%` }} />
      ))}
    </div>
  );
}
