import { Button, Group, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { ApprovalCard } from "../detail/approvals/ApprovalCard";
import { TaskList } from "../detail/tasks/TaskList";
import { useExecution } from "../detail/useExecution";

/** What was just started, live in the dialog; closing that never stops it. */
export function LiveRun({ id, onClose }: { id: string; onClose: () => void }) {
  const { view } = useExecution(id);
  if (!view) return <p role="status">Started…</p>;
  const pending = view.approvals.filter((approval) => approval.state === "PENDING");
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <strong>{view.name}</strong>
        <span data-testid="run-state">
          <StateBadge state={view.state} />
        </span>
      </Group>
      <ProgressBar value={view.progress} label="Progress of the new execution" />
      {pending.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} />
      ))}
      <TaskList view={view} />
      <Group justify="flex-end" gap="xs">
        <Button size="sm" onClick={onClose}>
          Close
        </Button>
        <Button
          size="sm"
          variant="filled"
          component={Link}
          to={`/executions/${id}` as never}
          onClick={onClose}
        >
          View details
        </Button>
      </Group>
    </Stack>
  );
}
