import { Requests } from "@/entities/approval/Requests";
import { approvalsOf, type TabProps } from "../tabs";
import classes from "./Approvals.module.css";

/** The approval requests of the execution, or of one task. */
export function ApprovalsTab(props: TabProps) {
  return (
    <div className={classes.cards}>
      <Requests approvals={approvalsOf(props)} />
    </div>
  );
}
