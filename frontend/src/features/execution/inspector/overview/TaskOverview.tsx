import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { tokenOf } from "@/entities/taskRun/stateGroup";
import { TaskOverviewFactsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { outputsPath } from "@/shared/lib/expressionPath";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded } from "@/shared/ui/stateTokens";
import { useSelection } from "../../useSelection";
import { None, Section } from "../Section";
import { lastOf, TELLS_OF_TASK } from "../version";
import { Attempts } from "./Attempts";
import { ErrorBlock } from "./ErrorBlock";
import { Inputs } from "./Inputs";
import { Needs } from "./Needs";
import { StateStrip } from "./StateStrip";
import classes from "./StateStrip.module.css";
import { WaitsFor } from "./WaitsFor";
import { Where } from "./Where";

type Props = { record: ExecutionRecord; taskRun: TaskRunRow; attempt: number | undefined };

export function TaskOverview({ record, taskRun, attempt }: Props) {
  const { at } = useSelection();
  const { data, error, loading } = useRead(
    TaskOverviewFactsDocument,
    { id: record.head.id, key: taskRun.key, at: at ?? null },
    { version: `${taskRun.state}${lastOf(record, TELLS_OF_TASK, new Set([taskRun.id]))}` },
  );
  const facts = data?.execution?.task ?? undefined;
  const before = data?.execution?.lastSuccess ?? undefined;
  const running = !isEnded(taskRun.state);
  const chosen = taskRun.attempts.find((one) => one.number === attempt);
  const shownError = chosen ? chosen.error : taskRun.error;
  return (
    <>
      {error && <ErrorState error={error} what="The overview" />}
      <TaskState taskRun={taskRun} over={isEnded(record.head.state)} />
      {shownError && <ErrorBlock error={shownError} />}
      {running && facts && <WaitsFor reasons={facts.waitingFor} />}
      <Needs record={record} taskRun={taskRun} />
      <Section
        title="Inputs"
        note={before?.task ? `compared with the last success, ${before.name}` : undefined}
      >
        <Inputs now={facts?.inputs} before={before?.task?.inputs} loading={loading} />
      </Section>
      <Section title="Outputs">
        {isEmpty(facts?.outputs) ? (
          <None>{noOutputs(taskRun)}</None>
        ) : (
          <JsonTree label="Outputs" value={facts?.outputs} root={outputsPath(taskRun.key)} />
        )}
      </Section>
      {taskRun.attempts.length > 0 && (
        <Attempts taskRun={taskRun} more={facts?.attempts ?? []} chosen={attempt} />
      )}
      <Where record={record} taskRun={taskRun} />
    </>
  );
}

function TaskState({ taskRun, over }: { taskRun: TaskRunRow; over: boolean }) {
  const { key, state, stateHistory, startedAt, endedAt, progress, message } = taskRun;
  return (
    <section aria-label="State" className={classes.state}>
      <StateStrip
        badge={<StateBadge state={state} token={tokenOf(taskRun, over)} plain />}
        steps={stateHistory.filter((step, index) => index > 0 || step.state !== "CREATED")}
        startedAt={startedAt}
        endedAt={endedAt}
      />
      {!isEnded(state) && progress > 0 && (
        <ProgressBar value={progress} label={`Progress of ${key}`} state={state} />
      )}
      {message && <None>{message}</None>}
    </section>
  );
}

function noOutputs({ state, attempts }: TaskRunRow): string {
  if (!isEnded(state)) return "No outputs yet.";
  if (!attempts.length && state !== "CACHED") return "No outputs: the task did not run.";
  const failed = state === "FAILED" || state === "ERROR";
  return failed ? "No outputs: the task failed before it set any." : "No outputs.";
}
