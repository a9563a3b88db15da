import { Iterations } from "./Iterations";
import type { TaskAct } from "./TaskDetail";
import { TaskItem } from "./TaskItem";
import classes from "./TaskList.module.css";
import type { Branch } from "./tree";

/** What the rows of one list share. */
export type Rows = {
  seq: number;
  /** Ids of task runs whose detail is open, and folds that are. */
  open: ReadonlySet<string>;
  toggle: (id: string) => void;
  onAct?: TaskAct;
};

type Props = { branch: Branch; rows: Rows; name?: string };

/** A task's row; under that of a foreach its iterations, folded. */
export function TaskBranch({ branch: { task, iterations }, rows, name }: Props) {
  return (
    <li className={classes.item} data-task={task.key}>
      <TaskItem
        task={task}
        name={name}
        seq={rows.seq}
        opened={rows.open.has(task.id)}
        onToggle={() => rows.toggle(task.id)}
        onAct={rows.onAct}
      />
      {iterations.length > 0 && <Iterations task={task} iterations={iterations} rows={rows} />}
    </li>
  );
}
