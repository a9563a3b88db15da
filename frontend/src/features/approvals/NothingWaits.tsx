import { Button } from "@mantine/core";
import { EmptyState } from "@/shared/ui/EmptyState";
import classes from "./Inbox.module.css";

export function NothingWaits({ mine, onAll }: { mine: boolean; onAll: () => void }) {
  if (!mine) {
    return (
      <EmptyState title="Nothing waits for an approval.">
        <p className={classes.hint}>
          When a task of type <code className="hw-mono">approval</code> asks people, its question shows here
          at once, oldest first.
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="Nothing waits for you.">
      <p className={classes.hint}>
        When an execution reaches an approval that you may decide, its question shows here at once.
      </p>
      <Button onClick={onAll}>Show what waits for anybody</Button>
    </EmptyState>
  );
}
