import type { TaskRunRow } from "@/entities/execution/record";
import { Duration } from "@/shared/ui/Duration";
import { isEnded } from "@/shared/ui/stateTokens";
import classes from "./Inspector.module.css";
import { Glyph } from "./Links";
import { workerName } from "./worker";

/** "12s on vm-27312": the duration and worker of the shown attempt. */
export function TaskFacts({ taskRun, attempt }: { taskRun: TaskRunRow; attempt: number | undefined }) {
  const shown = taskRun.attempts.find((one) => one.number === attempt) ?? taskRun.attempts.at(-1);
  if (!shown) return null;
  return (
    <span className={classes.facts} data-live={!isEnded(taskRun.state) || undefined}>
      {!isEnded(taskRun.state) && <Glyph state={taskRun.state} />}
      <Duration startedAt={shown.startedAt} endedAt={shown.endedAt} />
      {shown.worker && <span className={classes.where}>on {workerName(shown.worker)}</span>}
    </span>
  );
}
