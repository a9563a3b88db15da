import { Link } from "@tanstack/react-router";
import type { WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { Time } from "@/shared/ui/Time";
import classes from "./WaitingReasons.module.css";

const NAMED = 5;

/** Why it does not move. Its own approvals have cards; what waits for another task says so in its row. Requests of the
 * executions that its subflows started are decided on their pages. */
export function WaitingReasons({ waiting }: { waiting: readonly WaitingReasonFragment[] }) {
  const reasons = waiting.filter(
    (reason) => reason.code !== "TASK" && (reason.code !== "APPROVAL" || reason.execution),
  );
  if (!reasons.length) return null;
  const more = reasons.length - NAMED;
  return (
    <ul className={classes.reasons} aria-label="Waiting for">
      {reasons.slice(0, NAMED).map((reason) => (
        <li key={`${reason.code}${reason.taskRun?.id}${reason.message}`}>
          {reason.taskRun && <strong>{reason.taskRun.key}: </strong>}
          {reason.message}
          {reason.execution && (
            <>
              {" "}
              <Link to="/executions/$id" params={{ id: reason.execution.id }} search={{}}>
                Open {reason.execution.name}
              </Link>
            </>
          )}
          {reason.until && (
            <>
              {" "}
              (until <Time at={reason.until} />)
            </>
          )}
        </li>
      ))}
      {more > 0 && <li>and {more.toLocaleString()} more, each told at its task</li>}
    </ul>
  );
}
