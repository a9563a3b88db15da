import { Button, Group, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Requests } from "@/entities/approval/Requests";
import { causeOf, howItFailed } from "@/entities/execution/failure";
import type { Head } from "@/entities/execution/record";
import { useKnown, useRecord } from "@/entities/execution/useRecord";
import { TaskSteps } from "@/entities/taskRun/TaskSteps";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded } from "@/shared/ui/stateTokens";
import classes from "./LiveRun.module.css";

/** The new execution, live in the dialog; closing the dialog does not stop it. */
export function LiveRun({ id, onClose }: { id: string; onClose: () => void }) {
  const { record } = useRecord(id);
  if (!record) return <p role="status">Started…</p>;
  const { head } = record;
  const over = isEnded(head.state);
  return (
    <Stack gap="sm">
      <ProgressBar value={head.progress} label="Progress of the new execution" state={head.state} />
      {head.failure && head.state !== "SUCCESS" && <Cause failure={head.failure} />}
      <Requests approvals={[...record.approvals.values()]} />
      <TaskSteps tasks={[...record.taskRuns.values()]} over={over} />
      <Group justify="flex-end" gap="xs">
        <Button size="sm" onClick={onClose}>
          Close
        </Button>
        <Button
          size="sm"
          variant="filled"
          renderRoot={(props) => (
            <Link {...props} to="/executions/$id" params={{ id }} search={{}} onClick={onClose} />
          )}
        >
          View details
        </Button>
      </Group>
    </Stack>
  );
}

/** The title of a dialog after the start: the execution's name and state. */
export function LiveTitle({ id }: { id: string }) {
  const head = useKnown(id)?.head;
  if (!head) return "Started";
  return (
    <span className={classes.title}>
      {head.name}{" "}
      <span data-testid="run-state">
        <StateBadge state={head.state} />
      </span>
    </span>
  );
}

/** The cause, as on the execution's page: of the innermost task that failed. */
function Cause({ failure }: { failure: NonNullable<Head["failure"]> }) {
  return (
    <div className={classes.cause} role="status" aria-label="Why it failed">
      <p>
        <b>{failure.taskRun?.key ?? "The execution itself"}</b> {howItFailed(failure, null)}
      </p>
      <p title={failure.message}>{causeOf(failure.message)}</p>
    </div>
  );
}
