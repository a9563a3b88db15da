import { usualOf } from "@/entities/execution/usual";
import { useLink } from "@/shared/graphql/link";
import { secondsBetween } from "@/shared/lib/duration";
import { useNow } from "@/shared/lib/now";
import { formatInteger, formatNumber } from "@/shared/lib/number";
import { labelTerm, quoted } from "@/shared/lib/searchTerm";
import { Duration } from "@/shared/ui/Duration";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import { isValue } from "../address";
import type { Column } from "../columns/columns";
import { shareOf, starterOf } from "../rows/rowFacts";
import type { Row } from "../rows/rows";
import classes from "./ExecutionsTable.module.css";

type Props = {
  column: Column;
  row: Row;
  live: boolean;
  pending: string | undefined;
  onFilter: (term: string) => void;
};

/** One value of a row. A click on a value that can be a filter adds that filter. */
export function Cell({ column, row, live, pending, onFilter }: Props) {
  const filter = (text: string | null | undefined, term: string) =>
    text ? <Filter text={text} term={term} onFilter={onFilter} /> : <Nothing />;
  switch (column.id) {
    case "state":
      return <State row={row} pending={pending} />;
    case "flow":
      return filter(row.flowKey, `flow:${quoted(row.flowKey)}`);
    case "namespace":
      return filter(row.namespace, `namespace:${quoted(row.namespace)}`);
    case "kind":
      return filter(row.kind, `kind:${quoted(row.kind)}`);
    case "created":
      return <Time at={row.createdAt} />;
    case "started":
      return <Time at={row.startedAt} />;
    case "ended":
      return <Time at={row.endedAt} />;
    case "duration":
      return <DurationBar row={row} live={live} />;
    case "progress":
      return <ProgressBar value={row.progress} label={`Progress of ${row.name}`} state={row.state} />;
    case "by": {
      const { text, term } = starterOf(row);
      return filter(text, term);
    }
    case "labels":
      return <Labels row={row} onFilter={onFilter} />;
    case "branch":
      return filter(row.git?.branch, `branch:${quoted(row.git?.branch ?? "")}`);
    case "commit":
      return row.git?.commit ? (
        <Filter
          text={row.git.commit.slice(0, 7)}
          term={`commit:${quoted(row.git.commit)}`}
          onFilter={onFilter}
          mono
        />
      ) : (
        <Nothing />
      );
    case "revision":
      return row.revision ? formatInteger(row.revision.number) : <Nothing />;
    default:
      return isValue(column.id) ? <Value column={column} row={row} onFilter={onFilter} /> : null;
  }
}

function State({ row, pending }: { row: Row; pending: string | undefined }) {
  const percent = Math.floor(row.progress * 100);
  return (
    <>
      <StateBadge state={row.state} pending={pending} plain />
      {!pending && row.state === "RUNNING" && percent > 0 && !isEnded(row.state) && (
        <span className={classes.percent}>{percent}%</span>
      )}
    </>
  );
}

function Nothing() {
  return <span className={classes.nothing}>–</span>;
}

type FilterProps = { text: string; term: string; onFilter: (term: string) => void; mono?: boolean };

function Filter({ text, term, onFilter, mono }: FilterProps) {
  return (
    <button
      type="button"
      className={`${classes.filter} ${mono ? "hw-mono" : ""}`}
      title={`Filter by ${term}`}
      onClick={() => onFilter(term)}
    >
      {text}
    </button>
  );
}

function Labels({ row, onFilter }: { row: Row; onFilter: (term: string) => void }) {
  const labels = row.labels.filter((label) => !label.key.startsWith("system."));
  if (!labels.length) return <Nothing />;
  return (
    <span className={classes.labels}>
      {labels.map(({ key, value }) => (
        <button
          type="button"
          key={key}
          className={classes.label}
          title={`Filter by label ${key}=${value}`}
          onClick={() => onFilter(labelTerm(key, value))}
        >
          {key} <b>{value}</b>
        </button>
      ))}
    </span>
  );
}

function Value({ column, row, onFilter }: { column: Column; row: Row; onFilter: (term: string) => void }) {
  const value = (row.values as Record<string, unknown> | null)?.[column.id];
  if (value === null || value === undefined) return <Nothing />;
  if (typeof value === "number") return <span className={classes.number}>{formatNumber(value)}</span>;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (column.id.startsWith("label."))
    return <Filter text={text} term={labelTerm(column.name, text)} onFilter={onFilter} />;
  return (
    <span className="hw-cut" title={text}>
      {text}
    </span>
  );
}

function DurationBar({ row, live }: { row: Row; live: boolean }) {
  const end = row.endedAt ?? row.idleSince;
  const usual = usualOf(row.durationStats);
  return (
    <span className={classes.duration}>
      <span className={classes.took}>
        <Duration startedAt={row.startedAt} endedAt={end} idle={row.idle} follow={live} />
      </span>
      {usual !== undefined && row.startedAt && <Bar row={row} end={end} usual={usual} live={live} />}
    </span>
  );
}

function Bar({ row, end, usual, live }: { row: Row; end: string | null; usual: number; live: boolean }) {
  const { phase } = useLink();
  const now = useNow(end === null && live && phase === "live");
  const seconds = Math.max(0, (secondsBetween(row.startedAt, end, now) ?? 0) - row.idle);
  const { width, isLong } = shareOf(seconds, usual);
  return (
    <span
      className={classes.bar}
      title={`Usually ${usual < 1 ? "under a second" : `${formatInteger(usual)} s`}`}
    >
      <span
        className={classes.filled}
        data-long={isLong || undefined}
        data-running={end === null || undefined}
        style={{ transform: `scaleX(${width})` }}
      />
      <span className={classes.usual} />
    </span>
  );
}
