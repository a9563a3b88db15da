import type { WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { Time } from "@/shared/ui/Time";
import classes from "./WaitingReasons.module.css";

const NAMED = 5;

/** Why it does not move. Approvals have cards of their own; what waits for another task says so in its row. */
export function WaitingReasons({ waiting }: { waiting: readonly WaitingReasonFragment[] }) {
  const reasons = waiting.filter((reason) => reason.code !== "APPROVAL" && reason.code !== "TASK");
  if (!reasons.length) return null;
  const more = reasons.length - NAMED;
  return (
    <ul className={classes.reasons} aria-label="Waiting for">
      {reasons.slice(0, NAMED).map((reason) => (
        <li key={`${reason.code}${reason.taskRun?.id}${reason.message}`}>
          {reason.taskRun && <strong>{reason.taskRun.key}: </strong>}
          {reason.message}
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
