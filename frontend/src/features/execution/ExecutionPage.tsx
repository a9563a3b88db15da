import { Button, Skeleton } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { CombinedError } from "@urql/core";
import type { ComponentType } from "react";
import { useActionKeys } from "@/entities/execution/actions/useActionKeys";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { useRecord } from "@/entities/execution/useRecord";
import { useFavicon } from "@/shared/lib/favicon";
import { useKeys } from "@/shared/lib/keys";
import { MomentContext } from "@/shared/lib/moment";
import { formatInteger } from "@/shared/lib/number";
import { useTitle } from "@/shared/lib/title";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import classes from "./ExecutionPage.module.css";
import { Header } from "./Header";
import { titleOf } from "./header/facts";
import { Panes } from "./Panes";
import { boundsOf } from "./timeline/useAxis";
import { useFacts } from "./useFacts";
import { useLiveActions } from "./useLiveActions";
import { useMomentEvent } from "./useMomentEvent";
import { useOffers } from "./useOffers";
import { type Selection, useSelectedTask, useSelection } from "./useSelection";
import { useUpKey } from "./useUpKey";
import { FactsBelow } from "./verdict/FactsBelow";
import { PastStrip } from "./verdict/PastStrip";
import { Verdict } from "./verdict/Verdict";

const route = getRouteApi("/executions/$id");

/** The props of the log of an execution or of one of its task runs. */
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
  const reading = useRecord(id, selection.at);
  const { record, live = record, missing, error } = reading;
  if (missing) return <Missing id={id} />;
  if (error && selection.at !== undefined && !record)
    return <NoMoment error={error} at={selection.at} select={selection.select} />;
  if (!record || !live) return error ? <ErrorState error={error} what="The execution" /> : <Waiting />;
  return <Shown {...reading} record={record} live={live} Logs={Logs} />;
}

type ShownProps = Omit<ReturnType<typeof useRecord>, "record" | "live"> &
  Props & { record: ExecutionRecord; live: ExecutionRecord };

function Shown({ record, live, error, learn, Logs }: ShownProps) {
  const selection = useSelection();
  const { at, select } = selection;
  const actions = useLiveActions(live, learn);
  const taskRun = useSelectedTask(record, selection);
  const event = useMomentEvent(live.head.id, at);
  const known = useFacts(live.head);
  const offered = useOffers(live, known);
  useTitle(titleOf(live.head));
  useFavicon(STATE_TOKENS[live.head.state].tone);
  useActionKeys(offered.offers, offered.target, actions);
  useUpKey(selection, taskRun);
  const common = { facts: known.facts, offered, actions };
  const then = event ? Date.parse(event.at) : boundsOf(record).until;
  return (
    <MomentContext value={at === undefined ? null : then}>
      <div className={classes.page}>
        <Header
          record={record}
          past={at === undefined ? undefined : { at: event?.at ?? null, whole: live.head }}
          {...common}
        />
        {error && <ErrorState error={error} what="Changes of the execution" />}
        {at === undefined ? (
          <Verdict record={record} selected={taskRun?.key} {...common} />
        ) : (
          <PastStrip record={record} live={live} facts={known.facts} at={at} event={event} select={select} />
        )}
        <Panes
          record={record}
          live={live}
          taskRun={taskRun}
          actions={actions}
          Logs={Logs}
          below={<FactsBelow head={live.head} facts={known.facts} />}
          first={isEnded(live.head.state) && selection.view !== "graph" ? "inspector" : "tasks"}
        />
        {actions.dialog}
      </div>
    </MomentContext>
  );
}

type NoMomentProps = { error: CombinedError; at: number; select: Selection["select"] };

/** Shown when the moment in the URL could not be read: no other moment is shown in its place. */
function NoMoment({ error, at, select }: NoMomentProps) {
  const back = () => select({ at: undefined });
  useKeys("Selection", [{ key: "Escape", words: "back to now", run: back }]);
  return (
    <div className={classes.page}>
      <ErrorState error={error} what={`The execution as it was after event ${formatInteger(at)}`} />
      <EmptyState title="This moment cannot be shown.">
        <Button onClick={back}>Back to now</Button>
      </EmptyState>
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
      <Skeleton height={24} m={16} width={320} radius={6} />
    </div>
  );
}
