import { Button } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { causeOf, howItFailed } from "@/entities/execution/failure";
import type { Head } from "@/entities/execution/record";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { setPanes } from "../panes";
import { consequencesOf } from "./consequences";
import { Fix } from "./Fix";
import { RunFacts } from "./RunFacts";
import { SelectLink, selecting } from "./SelectLink";
import { Strip } from "./Strip";
import classes from "./Strip.module.css";
import { didNotRun, moreFailed } from "./sentence";
import type { VerdictProps } from "./Verdict";

type Failure = NonNullable<Head["failure"]>;

/** The failed task, the cause, the tasks that did not run because of it, and the fix. */
export function FailedStrip({ record, facts, offered, actions }: VerdictProps) {
  const { zone } = usePreferences();
  const { head, taskRuns } = record;
  const failure = head.failure!;
  const task = failure.taskRun ? taskRuns.get(failure.taskRun.id) : undefined;
  const at = task?.endedAt ?? (failure.taskRun ? null : head.endedAt);
  const how = howItFailed(failure, at && formatTime(at, zone));
  const cause = causeOf(failure.message);
  return (
    <Strip
      label="Why it failed"
      tone="bad"
      folds
      who={
        <>
          <b>{failure.taskRun?.key ?? "The execution itself"}</b> {how}
        </>
      }
      cause={<span title={cause === failure.message ? undefined : failure.message}>{cause}</span>}
      also={<Consequences record={record} />}
      fix={
        <>
          {failure.logLine !== null && failure.taskRun && <GoToLine id={head.id} failure={failure} />}
          <Fix offered={offered} actions={actions} failed={task} />
        </>
      }
      facts={<RunFacts head={head} facts={facts} />}
    />
  );
}

/** "5 more tasks failed and 12 did not run because of it", each linked to those tasks. */
function Consequences({ record }: Pick<VerdictProps, "record">): ReactNode {
  const { id } = record.head;
  const counts = consequencesOf(record);
  const failed = moreFailed(counts.failed);
  const skipped = didNotRun(counts.notRun);
  if (!failed && !skipped) return null;
  return (
    <>
      {failed && (
        <SelectLink id={id} part={{ show: "failed", view: undefined }} className={classes.loud}>
          {failed}
        </SelectLink>
      )}
      {failed && skipped && " and "}
      {skipped && (
        <>
          <SelectLink id={id} part={{ show: "notRun", view: undefined }} className={classes.loud}>
            {skipped}
          </SelectLink>
          {counts.because && " because of it"}
        </>
      )}
    </>
  );
}

function GoToLine({ id, failure: { taskRun, attempt, logLine } }: { id: string; failure: Failure }) {
  const part = { task: taskRun?.key, attempt: attempt ?? undefined, tab: "logs" };
  return (
    <Button
      leftSection={<IconFileText size={16} stroke={1.75} aria-hidden />}
      onClick={() => setPanes({ wide: false })}
      renderRoot={(props) => <Link {...props} {...selecting(id, part, `L${logLine}`)} />}
    >
      Go to line {logLine}
    </Button>
  );
}
