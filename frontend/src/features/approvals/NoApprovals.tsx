import { Button } from "@mantine/core";
import { EmptyState } from "@/shared/ui/EmptyState";
import classes from "./Inbox.module.css";

export function NoApprovals({ mine, onAll }: { mine: boolean; onAll: () => void }) {
  if (!mine) {
    return (
      <EmptyState title="No approvals are pending.">
        <p className={classes.hint}>
          When a task of type <code className="hw-mono">approval</code> requests a decision, the request
          appears here at once, oldest first.
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No approvals are waiting for you.">
      <p className={classes.hint}>
        When an execution reaches an approval that you may decide, the request appears here at once.
      </p>
      <Button onClick={onAll}>Show all pending approvals</Button>
    </EmptyState>
  );
}
