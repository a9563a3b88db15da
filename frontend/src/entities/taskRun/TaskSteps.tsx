import type { TaskRunRow } from "@/entities/execution/record";
import { Duration } from "@/shared/ui/Duration";
import { StateBadge } from "@/shared/ui/StateBadge";
import classes from "./TaskSteps.module.css";
import { branchesOf, countsOf } from "./tree";

/** The tasks of a running execution as a short list: a foreach is one line of counts. */
export function TaskSteps({ tasks }: { tasks: readonly TaskRunRow[] }) {
  return (
    <ul className={classes.steps} aria-label="Tasks">
      {branchesOf(tasks).map(({ task, iterations }) => (
        <li key={task.id} className={classes.step} data-task={task.key}>
          <StateBadge state={task.state} plain />
          <span className={classes.name}>{task.key}</span>
          <span className={classes.fact}>
            {task.message ??
              task.error?.message ??
              countsOf(iterations)
                .map((count) => count.words)
                .join(", ")}
          </span>
          <Duration startedAt={task.startedAt} endedAt={task.endedAt} />
        </li>
      ))}
    </ul>
  );
}
