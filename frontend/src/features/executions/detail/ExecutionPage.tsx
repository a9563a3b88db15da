import { Button, Skeleton } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { useActions } from "../actions/useActions";
import { ApprovalCard } from "./approvals/ApprovalCard";
import { ExecutionHeader } from "./ExecutionHeader";
import classes from "./ExecutionPage.module.css";
import { EventsPanel } from "./events/EventsPanel";
import { FailurePanel } from "./failure/FailurePanel";
import { LogsPanel } from "./logs/LogsPanel";
import { DataPanel } from "./outputs/DataPanel";
import { TaskList } from "./tasks/TaskList";
import { useExecution } from "./useExecution";
import { usePageKeys } from "./usePageKeys";
import { WaitingReasons } from "./WaitingReasons";

const route = getRouteApi("/executions/$id");

export function ExecutionPage() {
  const { id } = route.useParams() as { id: string };
  return <Execution key={id} id={id} />;
}

function Execution({ id }: { id: string }) {
  const { view, neighbours, missing, error, answered } = useExecution(id);
  const actions = useActions(answered);
  usePageKeys(view, neighbours, actions.start);

  if (missing) {
    return (
      <EmptyState title="There is no such execution, or you may not see it.">
        <code className="hw-mono">{id}</code>
        <Button component="a" href="/">
          All executions
        </Button>
      </EmptyState>
    );
  }
  if (error) return <ErrorState error={error} what="The execution" />;
  if (!view) return <Waiting />;

  const pending = view.approvals.filter((approval) => approval.state === "PENDING");
  return (
    <div className={classes.page}>
      <ExecutionHeader view={view} neighbours={neighbours} actions={actions} />
      {view.failure && <FailurePanel view={view} failure={view.failure} />}
      {pending.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} />
      ))}
      <WaitingReasons waiting={view.waitingFor} />
      <div className={classes.columns}>
        <div className={classes.column}>
          <TaskList
            view={view}
            onAct={(spec, task) =>
              actions.start(spec, {
                ...view,
                ...(spec.form === "task" ? { taskRun: task } : { given: { fromTask: task.task.key } }),
              })
            }
          />
          <DataPanel id={view.id} seq={view.seq} />
        </div>
        <div className={classes.column}>
          <LogsPanel view={view} />
          <EventsPanel view={view} />
        </div>
      </div>
      {actions.dialog}
    </div>
  );
}

function Waiting() {
  return (
    <div role="status" aria-label="Loading the execution">
      <Skeleton height={92} mb={12} radius={8} />
      <Skeleton height={320} radius={8} />
    </div>
  );
}
