import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import { Duration } from "@/shared/ui/Duration";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import classes from "./ExecutionsTable.module.css";
import { RowMenu } from "./RowMenu";
import type { Row } from "./rows";

type Props = {
  row: Row;
  index: number;
  top: number;
  height: number;
  gone: boolean;
  live: boolean;
  selected: boolean;
  menuOpen: boolean;
  onMenu: (id: string | null) => void;
  start: Actions["start"];
  asked: string | undefined;
};

export const ExecutionRow = memo(function ExecutionRow(props: Props) {
  const { row } = props;
  return (
    <div
      className={classes.row}
      role="row"
      aria-rowindex={props.index + 2}
      data-execution={row.id}
      data-gone={props.gone || undefined}
      data-selected={props.selected || undefined}
      title={props.gone ? "No longer matches the filters" : undefined}
      style={{ height: props.height, transform: `translateY(${props.top}px)` }}
    >
      <span role="cell" className={classes.state}>
        <StateBadge state={row.state} asked={props.asked} />
      </span>
      <span role="cell" className={classes.what}>
        <Link className={classes.name} to="/executions/$id" params={{ id: row.id }} search={{}}>
          {row.name}
        </Link>
        <Second row={row} />
      </span>
      <span role="cell" className={classes.kind}>
        {row.kind}
      </span>
      <span role="cell" className={classes.progress}>
        {isEnded(row.state) ? (
          <span className={classes.done}>ended</span>
        ) : (
          <ProgressBar value={row.progress} label={`Progress of ${row.name}`} tone={toneOf(row)} />
        )}
      </span>
      <span role="cell" className={classes.started}>
        <Time at={row.startedAt} />
      </span>
      <span role="cell" className={classes.duration}>
        <Duration
          startedAt={row.startedAt}
          endedAt={row.endedAt ?? row.idleSince}
          idle={row.idle}
          follow={props.live && !props.gone}
        />
      </span>
      <span role="cell" className={classes.by}>
        {row.createdBy.name}
      </span>
      <span role="cell" className={classes.menu}>
        <RowMenu row={row} opened={props.menuOpen} onMenu={props.onMenu} start={props.start} />
      </span>
    </div>
  );
});

/** Why it failed is worth more than where it belongs; the flow is in its name. */
function Second({ row }: { row: Row }) {
  const where = `${row.namespace} / ${row.flowKey}`;
  if (!row.failure) return <span className={classes.second}>{where}</span>;
  const text = `${row.failure.taskRun ? `${row.failure.taskRun.key}: ` : ""}${row.failure.message}`;
  return (
    <span className={classes.second} title={text}>
      {where} · <span className={classes.failure}>{text}</span>
    </span>
  );
}

function toneOf(row: Row): "active" | "bad" {
  return STATE_TOKENS[row.state].tone === "bad" ? "bad" : "active";
}
