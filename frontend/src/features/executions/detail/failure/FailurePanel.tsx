import { useLayoutEffect, useRef } from "react";
import { LogsPageDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { Panel } from "@/shared/ui/Panel";
import { LogLine } from "../logs/LogLine";
import type { View } from "../view";
import classes from "./FailurePanel.module.css";
import { exitCodeBeside, howItFailed, howManyOthers, markedLine, whatWasSkipped } from "./sentence";

type Props = { view: View; failure: NonNullable<View["failure"]> };

const LINES = 30;

/** The cause, above the fold: which task, after how many attempts, what it said, what did not run because of it. */
export function FailurePanel({ view, failure }: Props) {
  const skipped = whatWasSkipped(failure.skipped);
  const exitCode = exitCodeBeside(failure);
  const others = howManyOthers(failure.others);
  const { data } = useRead(
    LogsPageDocument,
    { id: view.id, taskRunId: failure.taskRun?.id ?? null, attempt: failure.attempt, last: LINES },
    // The attempt is over when it is a failure, but its last lines may be stored a moment later: look again with each change.
    { version: view.seq, paused: !failure.taskRun },
  );
  const lines = data?.execution?.logs.nodes ?? [];
  const marked = markedLine(lines, failure.logLine);
  const box = useRef<HTMLDivElement>(null);
  const count = lines.length;
  useLayoutEffect(() => {
    if (!box.current || !count) return;
    const line = box.current.querySelector<HTMLElement>("[data-marked]");
    box.current.scrollTop = line ? line.offsetTop - box.current.clientHeight / 2 : box.current.scrollHeight;
  }, [count]);

  return (
    <Panel
      title="Why it failed"
      tone="bad"
      aside={marked !== null && <a href={`#L${marked}`}>Show line {marked} in the log</a>}
    >
      <div className={classes.cause}>
        <p className={classes.sentence}>
          {failure.taskRun ? (
            <>
              <strong>{failure.taskRun.key}</strong> {howItFailed(failure)}:{" "}
            </>
          ) : null}
          <span className={classes.message}>{failure.message}</span>
          {exitCode && <span className={classes.code}>{exitCode}</span>}
        </p>
        {others && <p className={classes.others}>{others}</p>}
        {skipped && <p className={classes.skipped}>{skipped}</p>}
      </div>
      {lines.length > 0 && (
        <div
          ref={box}
          className={classes.lines}
          role="region"
          aria-label="Last lines of the failed attempt"
          tabIndex={0}
        >
          {lines.map((line) => (
            <LogLine key={line.line} line={line} marked={line.line === marked} />
          ))}
        </div>
      )}
    </Panel>
  );
}
