import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { outputsPath } from "@/shared/lib/expressionPath";
import { formatInteger } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { isEnded } from "@/shared/ui/stateTokens";
import { TaskLink } from "../Links";
import { None, Section } from "../Section";
import classes from "./Outputs.module.css";
import { useOutputs } from "./useOutputs";

const AT_ONCE = 50;
/** The most ids in one request. */
const MOST = 200;

type Props = { record: ExecutionRecord; taskRun: TaskRunRow | undefined };

/** The outputs of one task, or of all tasks that ran, a page at a time. */
export function TaskOutputs({ record, taskRun }: Props) {
  const [limit, setLimit] = useState(AT_ONCE);
  const all = taskRun ? [taskRun] : [...record.taskRuns.values()].filter(mayHaveOutputs);
  const shown = all.slice(0, limit);
  const { outputs, error, loading } = useOutputs(record, shown);
  const giving = shown.filter((one) => !isEmpty(outputs.get(one.id)));
  return (
    <Section title={taskRun ? `Outputs of ${taskRun.key}` : "Outputs of the tasks"}>
      {error && <ErrorState error={error} what="Outputs" />}
      {loading && <Skeleton height={60} radius={6} />}
      {!loading && !giving.length && <None>{nothing(taskRun)}</None>}
      {giving.map((one) => (
        <div key={one.id} className={taskRun ? undefined : classes.task}>
          {!taskRun && <TaskLink task={one} />}
          <JsonTree label={`Outputs of ${one.key}`} value={outputs.get(one.id)} root={outputsPath(one.key)} />
        </div>
      ))}
      {all.length > shown.length && shown.length < MOST && (
        <Button variant="subtle" onClick={() => setLimit(limit + AT_ONCE)}>
          Outputs of {Math.min(AT_ONCE, all.length - shown.length)} more of {all.length} tasks
        </Button>
      )}
      {all.length > shown.length && shown.length >= MOST && (
        <None>
          The first {MOST} of {formatInteger(all.length)} tasks are read. Select a task to see the outputs of
          another.
        </None>
      )}
    </Section>
  );
}

/** The outputs of a foreach come from all its iterations, so that the list of all has only the iterations. */
function mayHaveOutputs({ state, startedAt, task }: TaskRunRow): boolean {
  if (task.type === "foreach") return false;
  return startedAt !== null || state === "CACHED";
}

function nothing(taskRun: TaskRunRow | undefined): string {
  if (!taskRun) return "No outputs yet.";
  return isEnded(taskRun.state) ? "No outputs." : "No outputs yet.";
}
