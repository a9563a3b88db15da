import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { CSSProperties, ReactNode } from "react";
import type { ComparedExecutionFragment } from "@/shared/graphql/gen/graphql";
import { plural } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { seriesStyle } from "@/shared/ui/series";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import classes from "./CompareTable.module.css";
import type { Cell, Row, Section } from "./sections";

type Props = {
  executions: readonly ComparedExecutionFragment[];
  sections: readonly Section[];
  baseline: string;
  /** Whether rows without a difference are shown too. */
  equal: boolean;
  onBaseline: (id: string) => void;
  onRemove: (id: string) => void;
  onEqual: () => void;
  /** Content after the first section. */
  children: ReactNode;
};

export function CompareTable({ executions, sections, baseline, equal, children, ...on }: Props) {
  const hidden = equal ? 0 : sections.flatMap(({ rows }) => rows).filter((row) => !row.differs).length;
  const shown = sections
    .map((section) => ({ ...section, rows: section.rows.filter((row) => equal || row.differs) }))
    .filter(({ rows }) => rows.length > 0);
  const results = shown.filter(({ name }) => name === "Result");
  const rest = shown.filter(({ name }) => name !== "Result");
  const base = executions.findIndex((one) => one.id === baseline);
  const table = (part: readonly Section[], head: boolean) => (
    <table className={classes.table} style={{ "--columns": executions.length } as CSSProperties}>
      <colgroup>
        <col className={classes.names} />
        {executions.map((one) => (
          <col key={one.id} />
        ))}
      </colgroup>
      <thead className={head ? undefined : "hw-hidden"}>
        <tr>
          <th scope="col">
            <span className="hw-hidden">Value</span>
          </th>
          {executions.map((one, at) =>
            head ? (
              <HeadCell key={one.id} execution={one} at={at} isBaseline={at === base} {...on} />
            ) : (
              <th key={one.id} scope="col">
                {one.name}
              </th>
            ),
          )}
        </tr>
      </thead>
      {part.map((section) => (
        <tbody key={section.name}>
          <tr>
            <th scope="rowgroup" colSpan={executions.length + 1} className={classes.section}>
              {section.name} <span className={classes.note}>{section.note}</span>
            </th>
          </tr>
          {section.rows.map((row) => (
            <BodyRow key={row.key} row={row} executions={executions} base={base} />
          ))}
        </tbody>
      ))}
    </table>
  );
  return (
    <div className={classes.scroll}>
      {table(results, true)}
      {children}
      {table(rest, false)}
      {shown.length === 0 && <p className={classes.none}>Nothing differs.</p>}
      {hidden > 0 && (
        <button type="button" className={classes.equal} onClick={on.onEqual}>
          Show the {plural(hidden, "row")} that {hidden === 1 ? "is" : "are"} equal
        </button>
      )}
    </div>
  );
}

type HeadProps = {
  execution: ComparedExecutionFragment;
  at: number;
  isBaseline: boolean;
  onBaseline: (id: string) => void;
  onRemove: (id: string) => void;
};

function HeadCell({ execution, at, isBaseline, onBaseline, onRemove }: HeadProps) {
  const state = STATE_TOKENS[execution.state];
  return (
    <th scope="col">
      <div className={classes.who}>
        <span className={classes.letter} style={colourOf(at)}>
          {seriesStyle(at).letter}
        </span>
        <Link className={classes.name} to="/executions/$id" params={{ id: execution.id }} search={{}}>
          {execution.name}
        </Link>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={22}
          className={classes.out}
          aria-label={`Leave out ${execution.name}`}
          onClick={() => onRemove(execution.id)}
        >
          <IconX size={14} stroke={1.75} aria-hidden />
        </ActionIcon>
      </div>
      <div className={classes.when}>
        <span className={classes.state} data-tone={state.tone} title={state.word}>
          <StateGlyph shape={state.shape} size={14} />
          <span className="hw-hidden">{state.word}</span>
        </span>
        <Time at={execution.startedAt ?? execution.createdAt} />
        {isBaseline ? (
          <span className={classes.tag}>baseline</span>
        ) : (
          <button type="button" className={classes.quiet} onClick={() => onBaseline(execution.id)}>
            make baseline<span className="hw-hidden">: {execution.name}</span>
          </button>
        )}
      </div>
    </th>
  );
}

function colourOf(at: number): CSSProperties {
  return { "--colour": `var(${seriesStyle(at).colour})` } as CSSProperties;
}

type RowProps = { row: Row; executions: Props["executions"]; base: number };

function BodyRow({ row, executions, base }: RowProps) {
  return (
    <tr data-large={row.large || undefined} data-differs={row.differs || undefined}>
      <th scope="row" title={row.key}>
        {row.key}
      </th>
      {executions.map(({ id }, at) => (
        <td key={id} title={row.cells[at]!.text} data-letter={seriesStyle(at).letter} style={colourOf(at)}>
          <Value cell={row.cells[at]!} base={at === base ? null : base} />
        </td>
      ))}
    </tr>
  );
}

/** `base` is the index of the baseline; null for the baseline itself. */
function Value({ cell, base }: { cell: Cell; base: number | null }) {
  return (
    <>
      {cell.bar !== undefined && (
        <span
          className={classes.bar}
          style={{ width: `${Math.max(3, cell.bar * 96)}px` }}
          aria-hidden="true"
        />
      )}
      <span className={classes.value} data-differs={(base !== null && cell.differs) || undefined}>
        {cell.text}
      </span>
      {base !== null && !cell.differs && <span className={classes.delta}>as {seriesStyle(base).letter}</span>}
      {cell.delta && (
        <span className={classes.delta} data-tone={cell.tone}>
          {cell.delta}
        </span>
      )}
      {cell.best && <span className={classes.tag}>best</span>}
    </>
  );
}
