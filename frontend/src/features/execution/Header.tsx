import { IconArrowLeft } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, Head } from "@/entities/execution/record";
import { usualOf } from "@/entities/execution/usual";
import { formatDuration, secondsBetween } from "@/shared/lib/duration";
import { toLastList } from "@/shared/lib/lastList";
import { useNow } from "@/shared/lib/now";
import { usePreferences } from "@/shared/lib/preferences";
import { formatAgo, formatExact, formatTime } from "@/shared/lib/time";
import { Duration } from "@/shared/ui/Duration";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded } from "@/shared/ui/stateTokens";
import {
  commitWords,
  type HeaderFact,
  labelSearch,
  progressOf,
  progressWords,
  triggerWords,
} from "./header/facts";
import classes from "./header/Header.module.css";
import { HeaderActions } from "./header/HeaderActions";
import { ProgressLine } from "./header/ProgressLine";
import { Steps } from "./header/Steps";
import type { Facts } from "./useFacts";
import type { Offered } from "./useOffers";

type Props = {
  record: ExecutionRecord;
  facts: Facts | undefined;
  offered: Offered;
  actions: Actions;
  /** The record at the shown moment, and the execution as it is now. */
  past: Past | undefined;
};

type Past = { at: string | null; whole: Head };

/** The first line: the execution's name, state, trigger and actions. */
export function Header({ record, facts, offered, actions, past }: Props) {
  const { zone } = usePreferences();
  const { head } = record;
  const usual = usualOf(facts?.durationStats);
  const pending = actions.pending?.id === head.id ? actions.pending.word : undefined;
  const running = !isEnded(head.state) && head.startedAt !== null;
  const progress = running ? progressOf(record.taskRuns.values()) : null;
  return (
    <>
      <header className={classes.head}>
        <Link className={classes.back} {...toLastList()}>
          <IconArrowLeft size={16} stroke={1.75} aria-hidden />
          <span>Executions</span>
        </Link>
        <Steps facts={facts} />
        <h1 className={classes.name} title={head.name}>
          {head.name}
        </h1>
        <span className={classes.state} data-testid="state" data-past={past && true}>
          {past?.at && <span className={classes.faint}>at {formatTime(past.at, zone)} </span>}
          <StateBadge state={head.state} pending={pending} />
        </span>
        <div className={classes.meta}>
          {past ? <Until head={head} whole={past.whole} /> : <HowLong head={head} usual={usual} />}
          {progress && progress.all > 0 && (
            <Left head={head} progress={progress} usual={past ? undefined : usual} />
          )}
          {!running && <When head={head} />}
          {head.origin === "EXTERNAL" && (
            <span title="Ran outside Headway, which only recorded it">Recorded</span>
          )}
          <Fact fact={triggerWords(head)} />
          {head.revision && <Fact fact={revisionOf(head)} />}
          <Fact fact={commitWords(head.git)} />
          <Labels labels={head.labels} />
        </div>
        <HeaderActions offered={offered} actions={actions} />
      </header>
      {progress && !past && <ProgressLine progress={progress} />}
    </>
  );
}

/** "2m 55s of 4m 12s": the duration up to a moment. */
function Until({ head, whole }: { head: Head; whole: Head }) {
  return (
    <span>
      <Duration startedAt={head.startedAt} endedAt={head.endedAt ?? head.idleSince} idle={head.idle} />
      {whole.duration !== null && whole.endedAt && (
        <span className={classes.faint}> of {formatDuration(whole.duration)}</span>
      )}
    </span>
  );
}

type HowLongProps = { head: Head; usual: number | undefined };

/** "4m 12s usual 2m 40s" */
function HowLong({ head, usual }: HowLongProps) {
  return (
    <span>
      <span className={isEnded(head.state) ? undefined : classes.strong}>
        <Duration startedAt={head.startedAt} endedAt={head.endedAt ?? head.idleSince} idle={head.idle} />
      </span>
      {usual !== undefined && <span className={classes.faint}> usual {formatDuration(usual)}</span>}
    </span>
  );
}

type LeftProps = {
  head: Head;
  progress: ReturnType<typeof progressOf>;
  usual: number | undefined;
};

function Left({ head, progress, usual }: LeftProps) {
  const now = useNow(usual !== undefined);
  const seconds = (secondsBetween(head.startedAt, null, now) ?? 0) - head.idle;
  return <span>{progressWords(progress, usual, seconds)}</span>;
}

/** "ended 5m ago", or when it was created. */
function When({ head }: { head: Head }) {
  const now = useNow(true);
  const at = head.endedAt ?? head.createdAt;
  return (
    <time dateTime={at} title={formatExact(at)}>
      {head.endedAt ? "ended" : "created"} {formatAgo(Date.parse(at), now)}
    </time>
  );
}

function revisionOf({ revision, flowKey, namespace }: Head): HeaderFact {
  return { words: `rev ${revision?.number}`, search: { flow: flowKey, namespace } };
}

function Fact({ fact }: { fact: HeaderFact | null }): ReactNode {
  if (!fact) return null;
  return (
    <Link to="/executions" search={fact.search} title={`Executions: ${fact.words}`}>
      {fact.words}
    </Link>
  );
}

function Labels({ labels }: Pick<Head, "labels">) {
  return labels
    .filter(({ key }) => !key.startsWith("system."))
    .map((label) => (
      <Link
        key={`${label.key}=${label.value}`}
        className={classes.chip}
        to="/executions"
        search={labelSearch(label)}
        title={`Executions with ${label.key}=${label.value}`}
      >
        {label.key}=<b>{label.value}</b>
      </Link>
    ));
}
