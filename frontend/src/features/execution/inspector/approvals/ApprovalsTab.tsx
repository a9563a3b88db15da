import { ApprovalCard } from "@/entities/approval/ApprovalCard";
import { DecidedApproval } from "@/entities/approval/DecidedApproval";
import { approvalsOf, type TabProps } from "../tabs";
import classes from "./Approvals.module.css";

/** What waits for an answer first, then what was answered, the latest first. */
export function ApprovalsTab(props: TabProps) {
  const all = approvalsOf(props);
  const pending = all.filter((one) => one.state === "PENDING");
  const decided = all.filter((one) => one.state !== "PENDING").reverse();
  return (
    <div className={classes.cards}>
      {pending.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} />
      ))}
      {decided.map((approval) => (
        <DecidedApproval key={approval.id} approval={approval} />
      ))}
    </div>
  );
}
