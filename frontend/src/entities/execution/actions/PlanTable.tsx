import classes from "./PlanTable.module.css";
import type { PlannedTask } from "./registry";

/** What a rerun does, task by task, in the server's words. */
export function PlanTable({ tasks }: { tasks: readonly PlannedTask[] }) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label="What will happen">
        <tbody>
          {tasks.map((task) => (
            <tr key={task.key} data-plan={task.plan}>
              <th scope="row">
                {task.key}
                {task.isNew && <span className={classes.tag}>new</span>}
              </th>
              <td className={classes.plan}>{WORDS[task.plan] ?? task.plan}</td>
              <td className={classes.why}>{task.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const WORDS: Record<string, string> = { RUN: "runs", REUSE: "not run", CANNOT: "cannot" };
