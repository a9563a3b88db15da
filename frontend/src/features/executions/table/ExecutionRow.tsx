import { Link } from "@tanstack/react-router";
import { type CSSProperties, memo } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import { Duration } from "@/shared/ui/Duration";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import type { Column } from "../columns/columns";
import { extentOf, secondLineOf, starterOf } from "../rows/rowFacts";
import type { Row } from "../rows/rows";
import { ReasonLine } from "../waits/ReasonLine";
import type { Reason } from "../waits/reason";
import { Cell } from "./Cell";
import classes from "./ExecutionsTable.module.css";
import { RowMenu } from "./RowMenu";

/** Callbacks of a row; the same object for all rows, so that it causes no rendering. */
export type RowHandlers = {
  start: Actions["start"];
  onMenu: (id: string | null) => void;
  onPick: (id: string, shift: boolean) => void;
  onFilter: (term: string) => void;
};

type Props = {
  row: Row;
  reason: Reason | undefined;
  columns: readonly Column[];
  index: number;
  top: number;
  height: number;
  gone: boolean;
  live: boolean;
  current: boolean;
  picked: boolean;
  menuOpen: boolean;
  pending: string | undefined;
  handlers: RowHandlers;
  phone: boolean;
};

export const ExecutionRow = memo(function ExecutionRow(props: Props) {
  const { row, gone } = props;
  const style: CSSProperties = { height: props.height, transform: `translateY(${props.top}px)` };
  return (
    <div
      className={props.phone ? classes.card : classes.row}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={props.picked}
      data-execution={row.id}
      data-gone={gone || undefined}
      data-current={props.current || undefined}
      data-picked={props.picked || undefined}
      title={gone ? "No longer matches the filters" : undefined}
      style={style}
    >
      {props.phone ? <Card {...props} /> : <Cells {...props} />}
    </div>
  );
});

function Cells({ row, reason, columns, live, gone, picked, menuOpen, pending, handlers }: Props) {
  const second = secondLineOf(row, reason);
  return (
    <>
      <span role="cell" className={classes.pick}>
        <input
          type="checkbox"
          aria-label={`Select ${row.name}`}
          checked={picked}
          onChange={(event) => handlers.onPick(row.id, (event.nativeEvent as MouseEvent).shiftKey)}
        />
      </span>
      {columns.map((column) => (
        <span
          key={column.id}
          role="cell"
          className={classes.cell}
          data-column={column.id}
          data-align={column.align}
        >
          {column.id === "execution" ? (
            <Name row={row} />
          ) : (
            <Cell
              column={column}
              row={row}
              live={live && !gone}
              pending={pending}
              onFilter={handlers.onFilter}
            />
          )}
        </span>
      ))}
      <span role="cell" className={classes.menu}>
        <RowMenu
          row={row}
          opened={menuOpen}
          onMenu={handlers.onMenu}
          onFilter={handlers.onFilter}
          start={handlers.start}
        />
      </span>
      {second === "failure" && <Failure row={row} />}
      {second === "wait" && (
        <span role="cell" className={classes.second}>
          <span className={classes.reason}>{reason && <ReasonLine reason={reason} />}</span>
        </span>
      )}
    </>
  );
}

/** The whole row is a link; its other clickable parts are above it. */
function Name({ row }: { row: Row }) {
  return (
    <Link className={classes.name} to="/executions/$id" params={{ id: row.id }} search={{}} title={row.name}>
      {row.name}
    </Link>
  );
}

function Failure({ row }: { row: Row }) {
  const { failure } = row;
  if (!failure) return null;
  return (
    <span role="cell" className={classes.second}>
      <span className={classes.cause} title={failure.message}>
        {failure.taskRun && <b>{failure.taskRun.key}: </b>}
        {failure.message}
      </span>
      <span className={classes.extent}>{extentOf(failure)}</span>
    </span>
  );
}

function Card({ row, reason, live, gone, pending }: Props) {
  const token = STATE_TOKENS[row.state];
  return (
    <span role="cell" className={classes.lines}>
      <span className={classes.first}>
        <span className={classes.glyph} data-tone={token.tone}>
          <StateGlyph shape={token.shape} />
        </span>
        <Name row={row} />
        <span className={classes.when}>
          <Time at={row.startedAt ?? row.createdAt} />
        </span>
      </span>
      {row.failure && (
        <span className={classes.error}>
          {row.failure.taskRun && <b>{row.failure.taskRun.key}: </b>}
          {row.failure.message}
        </span>
      )}
      {secondLineOf(row, reason) === "wait" && (
        <span className={classes.waits}>{reason && <ReasonLine reason={reason} />}</span>
      )}
      <span className={classes.meta}>
        <span>{pending ?? token.word}</span>
        <Duration
          startedAt={row.startedAt}
          endedAt={row.endedAt ?? row.idleSince}
          idle={row.idle}
          follow={live && !gone}
        />
        <span className="hw-cut">{starterOf(row).text}</span>
        {row.failure && <span className="hw-cut">{extentOf(row.failure)}</span>}
      </span>
    </span>
  );
}
