import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { Panel } from "@/shared/ui/Panel";
import { Time } from "@/shared/ui/Time";
import classes from "./ApprovalCard.module.css";
import { LazyDecisionForm } from "./LazyDecisionForm";
import { whoMayDecide } from "./rules";
import { Votes } from "./Votes";

/** The request, its approvers and votes; a decision is shown only after the server has confirmed it. */
export function ApprovalCard({ approval }: { approval: ApprovalViewFragment }) {
  return (
    <Panel
      title={`Approval needed: ${approval.taskRun.key}`}
      tone="ask"
      aside={
        <span className={classes.age}>
          requested <Time at={approval.requestedAt} />
        </span>
      }
    >
      <div className={classes.body}>
        <p className={classes.question}>{approval.message}</p>
        <p className={classes.rule}>{whoMayDecide(approval)}</p>
        {approval.expiresAt && (
          <p className={classes.rule}>
            due <Time at={approval.expiresAt} />
          </p>
        )}
        <Votes votes={approval.votes} />
        <LazyDecisionForm approval={approval} />
      </div>
    </Panel>
  );
}
