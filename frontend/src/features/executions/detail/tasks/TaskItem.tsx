import type { TaskRowFragment } from "@/shared/graphql/gen/graphql";
import { Duration } from "@/shared/ui/Duration";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Time } from "@/shared/ui/Time";
import { type TaskAct, TaskDetail } from "./TaskDetail";
import classes from "./TaskList.module.css";

type Props = {
  task: TaskRowFragment;
  /** What it is called among its own; its key without one. */
  name?: string;
  seq: number;
  opened: boolean;
  onToggle: () => void;
  onAct?: TaskAct;
};

export function TaskItem({ task, name = task.key, seq, opened, onToggle, onAct }: Props) {
  const running = task.state === "RUNNING";
  return (
    <>
      <button type="button" className={classes.row} aria-expanded={opened} onClick={onToggle}>
        <span className={classes.arrow} aria-hidden="true">
          {opened ? "▾" : "▸"}
        </span>
        <span className={classes.key}>
          {name} <span className={classes.type}>{task.task.type}</span>
        </span>
        <span className={classes.state}>
          <StateBadge state={task.state} />
        </span>
        <span className={classes.tries} title="Attempts">
          {task.attempts.length > 1 ? `×${task.attempts.length}` : ""}
        </span>
        <span className={classes.duration}>
          <Duration startedAt={task.startedAt} endedAt={task.endedAt} />
        </span>
      </button>
      <Note task={task} />
      {running && task.progress > 0 && (
        <div className={classes.progress}>
          <ProgressBar value={task.progress} label={`Progress of ${task.key}`} />
        </div>
      )}
      {opened && <TaskDetail task={task} seq={seq} onAct={onAct} />}
    </>
  );
}

/** One line under the row: the error, what it says of itself, or why it does not move. */
function Note({ task }: { task: TaskRowFragment }) {
  if (task.error) return <p className={`${classes.note} ${classes.error}`}>{task.error.message}</p>;
  if (task.retryAt && task.state === "RETRYING") {
    return (
      <p className={classes.note}>
        next attempt at <Time at={task.retryAt} />
      </p>
    );
  }
  const text =
    task.state === "RUNNING" ? task.message : task.waitingFor.map((reason) => reason.message).join("; ");
  return text ? <p className={classes.note}>{text}</p> : null;
}
