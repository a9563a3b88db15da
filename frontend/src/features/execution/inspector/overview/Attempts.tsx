import type { TaskRunRow } from "@/entities/execution/record";
import type { TaskOverviewFactsQuery } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { formatBytes, formatNumber } from "@/shared/lib/number";
import { Duration } from "@/shared/ui/Duration";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Section } from "../Section";
import { workerName } from "../worker";
import { ErrorText } from "./ErrorBlock";
import classes from "./Lists.module.css";

type Attempt = TaskRunRow["attempts"][number];
type More = NonNullable<NonNullable<TaskOverviewFactsQuery["execution"]>["task"]>["attempts"][number];
type Props = { taskRun: TaskRunRow; more: readonly More[]; chosen: number | undefined };

/** Each attempt with its duration, resources and result; the last one's error is already shown above. */
export function Attempts({ taskRun, more, chosen }: Props) {
  const last = taskRun.attempts.at(-1)?.number;
  const above = taskRun.attempts.find((one) => one.number === (chosen ?? last));
  return (
    <Section title="Attempts">
      <ol className={classes.list}>
        {taskRun.attempts.map((attempt) => (
          <li
            key={attempt.id}
            className={classes.attempt}
            data-chosen={attempt.number === chosen || undefined}
          >
            <p className={classes.line}>
              <b>Attempt {attempt.number}</b>
              <StateBadge state={attempt.state} plain />
              <Duration startedAt={attempt.startedAt} endedAt={attempt.endedAt} />
              {resourcesIn(attempt).map((fact) => (
                <span key={fact}>{fact}</span>
              ))}
            </p>
            <Failed attempt={attempt} above={above} />
            <Given more={more.find((one) => one.id === attempt.id)} state={attempt.state} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** The error in full once; a note where another attempt had the same error. */
function Failed({ attempt, above }: { attempt: Attempt; above: Attempt | undefined }) {
  if (!attempt.error || attempt.number === above?.number) return null;
  if (attempt.error.message === above?.error?.message)
    return <p className={classes.quiet}>The same error.</p>;
  return <ErrorText message={attempt.error.message} />;
}

function resourcesIn({ worker, exitCode, resources }: Attempt): string[] {
  return [
    worker && `on ${workerName(worker)}`,
    exitCode !== null && `exit code ${exitCode}`,
    resources?.maxRssBytes && `${formatBytes(Number(resources.maxRssBytes))} of memory at most`,
    resources?.cpuSeconds != null && `${processorTime(resources.cpuSeconds)} of CPU`,
  ].filter((fact): fact is string => Boolean(fact));
}

function processorTime(seconds: number): string {
  return seconds < 10 ? `${formatNumber(Number(seconds.toFixed(2)))}s` : formatDuration(seconds);
}

/** The outputs of an attempt, unless it succeeded: then the task has them. */
function Given({ more, state }: { more: More | undefined; state: Attempt["state"] }) {
  if (!more || state === "SUCCESS" || (isEmpty(more.outputs) && isEmpty(more.properties))) return null;
  return (
    <details className={classes.more}>
      <summary>Outputs of this attempt, not available to other tasks</summary>
      {!isEmpty(more.outputs) && <JsonTree label="Outputs of the attempt" value={more.outputs} />}
      {!isEmpty(more.properties) && <JsonTree label="Properties of the attempt" value={more.properties} />}
    </details>
  );
}
