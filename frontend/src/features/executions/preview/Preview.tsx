import { ActionIcon, Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { ExecutionPreviewDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { Duration } from "@/shared/ui/Duration";
import { ErrorState } from "@/shared/ui/ErrorState";
import { JsonTree } from "@/shared/ui/JsonTree";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import { extentOf, starterOf } from "../rows/rowFacts";
import type { Row } from "../rows/rows";
import classes from "./Preview.module.css";

/** More details of a row, next to the list; live values come with the row. The list keeps the keys: j and k move from row to row. */
export function Preview({ row, live, onClose }: { row: Row; live: boolean; onClose: () => void }) {
  const { data, error } = useRead(ExecutionPreviewDocument, { id: row.id }, { version: row.state });
  const execution = data?.execution;
  return (
    <aside className={classes.drawer} aria-label={`Preview of ${row.name}`}>
      <header className={classes.head}>
        <h2 className={classes.title}>{row.name}</h2>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the preview" onClick={onClose}>
          <IconX size={16} stroke={1.75} aria-hidden />
        </ActionIcon>
      </header>
      <div className={classes.body}>
        <p className={classes.state}>
          <StateBadge state={row.state} />
          <Duration
            startedAt={row.startedAt}
            endedAt={row.endedAt ?? row.idleSince}
            idle={row.idle}
            follow={live}
          />
        </p>
        {row.failure && (
          <div className={classes.cause}>
            {row.failure.taskRun && <b>{row.failure.taskRun.key}</b>}
            <p>{row.failure.message}</p>
            <span>{extentOf(row.failure)}</span>
          </div>
        )}
        {!isEnded(row.state) && (
          <div className={classes.progress}>
            <ProgressBar value={row.progress} label={`Progress of ${row.name}`} state={row.state} />
          </div>
        )}
        <Facts row={row} />
        {error && !data && <ErrorState error={error} what="The inputs" />}
        {execution && Object.keys((execution.inputs as object | null) ?? {}).length > 0 && (
          <>
            <h3 className={classes.heading}>Inputs</h3>
            <JsonTree value={execution.inputs} label="Inputs" />
          </>
        )}
      </div>
      <footer className={classes.foot}>
        <Button
          renderRoot={(props) => <Link {...props} to="/executions/$id" params={{ id: row.id }} search={{}} />}
        >
          Open
        </Button>
        <span>
          <kbd>j</kbd> <kbd>k</kbd> next row, <kbd>Esc</kbd> close
        </span>
      </footer>
    </aside>
  );
}

function Facts({ row }: { row: Row }) {
  return (
    <dl className={classes.facts}>
      <dt>Flow</dt>
      <dd>
        {row.namespace} / {row.flowKey}
        {row.revision && `, revision ${row.revision.number}`}
      </dd>
      <dt>Started</dt>
      <dd>
        <Time at={row.startedAt} />
      </dd>
      <dt>By</dt>
      <dd>{starterOf(row).text}</dd>
      {row.git?.branch && (
        <>
          <dt>Branch</dt>
          <dd>
            {row.git.branch} {row.git.commit?.slice(0, 7)}
          </dd>
        </>
      )}
      {row.labels.map(({ key, value }) => (
        <div key={key} className={classes.pair}>
          <dt>{key}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
