import { Link } from "@tanstack/react-router";
import type { WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { Time } from "@/shared/ui/Time";
import { TaskLink } from "../Links";
import { Section } from "../Section";
import classes from "./Lists.module.css";

/** Why the task waits, in the server's words. */
export function WaitsFor({ reasons }: { reasons: readonly WaitingReasonFragment[] }) {
  if (!reasons.length) return null;
  return (
    <Section title="Waits for">
      <ul className={classes.list}>
        {reasons.map((reason) => (
          <li key={`${reason.code}${reason.message}`} className={classes.item}>
            <span>{reason.message}</span>
            {reason.taskRun && <TaskLink task={reason.taskRun} />}
            {reason.execution && (
              <Link to="/executions/$id" params={{ id: reason.execution.id }} search={{}}>
                {reason.execution.name}
              </Link>
            )}
            {reason.until && (
              <span className={classes.quiet}>
                until <Time at={reason.until} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
