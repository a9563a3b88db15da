import { causeOf } from "@/entities/execution/failure";
import type { TaskRunRow } from "@/entities/execution/record";
import { Duration } from "@/shared/ui/Duration";
import { StateBadge } from "@/shared/ui/StateBadge";
import { inOrderOfConcern, tokenOf } from "./stateGroup";
import classes from "./TaskSteps.module.css";
import { branchesOf, countsOf, type Iteration } from "./tree";

type Props = { tasks: readonly TaskRunRow[] /** The execution has ended. */; over: boolean };

/** The tasks of an execution as a short list; a foreach is one line of counts. */
export function TaskSteps({ tasks, over }: Props) {
  return (
    <ul className={classes.steps} aria-label="Tasks">
      {branchesOf(tasks).map(({ task, iterations }) => (
        <li key={task.id} className={classes.step} data-task={task.key}>
          <StateBadge state={task.state} token={tokenOf(task, over)} plain />
          <span className={classes.name}>{task.key}</span>
          <span className={classes.fact}>{factOf(task, iterations)}</span>
          <Duration startedAt={task.startedAt} endedAt={task.endedAt} />
        </li>
      ))}
    </ul>
  );
}

/** A task's message, why it failed, or which iterations failed, else the counts of its iterations. */
function factOf({ message, error }: TaskRunRow, iterations: readonly Iteration[]): string {
  if (iterations.length) {
    const counts = inOrderOfConcern(countsOf(iterations)).map(({ words }) => words);
    return counts.join(", ");
  }
  return message ?? (error ? causeOf(error.message) : "");
}
