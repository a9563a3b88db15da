import { Button, Group, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Requests } from "@/entities/approval/Requests";
import { useRecord } from "@/entities/execution/useRecord";
import { TaskSteps } from "@/entities/taskRun/TaskSteps";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";

/** What was just started, live in the dialog; closing that never stops it. */
export function LiveRun({ id, onClose }: { id: string; onClose: () => void }) {
  const { record } = useRecord(id);
  if (!record) return <p role="status">Started…</p>;
  const { head } = record;
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <strong>{head.name}</strong>
        <span data-testid="run-state">
          <StateBadge state={head.state} />
        </span>
      </Group>
      <ProgressBar value={head.progress} label="Progress of the new execution" />
      <Requests approvals={[...record.approvals.values()]} />
      <TaskSteps tasks={[...record.taskRuns.values()]} />
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
