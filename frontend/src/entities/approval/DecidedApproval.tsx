import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { Panel } from "@/shared/ui/Panel";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Time } from "@/shared/ui/Time";
import classes from "./ApprovalCard.module.css";
import { Votes } from "./Votes";

/** A closed request: its decision, its time, and the votes. */
export function DecidedApproval({ approval }: { approval: ApprovalViewFragment }) {
  return (
    <Panel title={`Approval of ${approval.taskRun.key}`} aside={<StateBadge state={approval.state} plain />}>
      <div className={classes.body}>
        <p className={classes.question}>{approval.message}</p>
        <p className={classes.rule}>
          requested <Time at={approval.requestedAt} />
          {approval.decidedAt && (
            <>
              , closed <Time at={approval.decidedAt} />
            </>
          )}
        </p>
        <Votes votes={approval.votes} />
        {!approval.votes.length && <p className={classes.rule}>Nobody voted.</p>}
      </div>
    </Panel>
  );
}
