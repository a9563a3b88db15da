import { Button, Skeleton } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { useActions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { useRecord } from "@/entities/execution/useRecord";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import classes from "./ExecutionPage.module.css";
import { Header } from "./Header";
import { Inspector } from "./inspector/Inspector";
import { TasksPane } from "./timeline/TasksPane";
import { useSelectedTask, useSelection } from "./useSelection";
import { Verdict } from "./verdict/Verdict";

const route = getRouteApi("/executions/$id");

/** What the log of an execution, or of one of its task runs, is drawn with. */
export type LogsProps = {
  record: ExecutionRecord;
  taskRun: TaskRunRow | undefined;
  attempt: number | undefined;
};
type Props = { Logs: ComponentType<LogsProps> };

export function ExecutionPage(props: Props) {
  const { id } = route.useParams();
  return <Execution key={id} id={id} {...props} />;
}

function Execution({ id, Logs }: Props & { id: string }) {
  const selection = useSelection();
  const { record, missing, error, learn } = useRecord(id, selection.at);
  const actions = useActions(learn);
  const taskRun = useSelectedTask(record, selection);

  if (missing) return <Missing id={id} />;
  if (!record) return error ? <ErrorState error={error} what="The execution" /> : <Waiting />;
  return (
    <div className={classes.page}>
      <Header record={record} actions={actions} />
      {error && <ErrorState error={error} what="Changes of the execution" />}
      <Verdict record={record} actions={actions} />
      <div className={classes.panes}>
        <TasksPane record={record} selected={taskRun} actions={actions} />
        <Inspector record={record} taskRun={taskRun} actions={actions} Logs={Logs} />
      </div>
      {actions.dialog}
    </div>
  );
}

function Missing({ id }: { id: string }) {
  return (
    <EmptyState title="There is no such execution, or you may not see it.">
      <code className="hw-mono">{id}</code>
      <Button renderRoot={(props) => <Link {...props} to="/executions" search={{}} />}>All executions</Button>
    </EmptyState>
  );
}

function Waiting() {
  return (
    <div role="status" aria-label="Loading the execution" className={classes.page}>
      <Skeleton height={56} mb={12} radius={6} />
      <Skeleton height={120} mb={12} radius={10} />
      <Skeleton height={320} radius={6} />
    </div>
  );
}
