import { type AnyState, STATE_TOKENS } from "@/shared/ui/stateTokens";
import classes from "./PlanTable.module.css";
import type { PlannedTask } from "./registry";

/** The plan of a rerun, one row per task, with the server's reasons. */
export function PlanTable({ tasks }: { tasks: readonly PlannedTask[] }) {
  return (
    <div className={classes.scroll} role="region" aria-label="Plan" tabIndex={0}>
      <table className={classes.table} aria-label="What will happen">
        <tbody>
          {tasks.map((task) => (
            <tr key={task.key} data-plan={task.plan}>
              <th scope="row">
                {task.key}
                {task.isNew && <span className={classes.tag}>new</span>}
              </th>
              <td className={classes.plan}>{WORDS[task.plan] ?? task.plan}</td>
              <td className={classes.why}>{inWords(task.why)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const WORDS: Record<string, string> = { RUN: "runs", REUSE: "kept", CANNOT: "cannot" };

/** Replaces the server's state codes by the page's words. */
function inWords(why: string): string {
  return why.replace(/\b[A-Z_]{6,}\b/g, (code) => STATE_TOKENS[code as AnyState]?.word ?? code);
}
