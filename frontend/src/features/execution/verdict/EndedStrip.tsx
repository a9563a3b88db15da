import type { ReactNode } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Fix } from "./Fix";
import { Strip } from "./Strip";
import { warnedWords } from "./sentence";
import { lastInto } from "./still";
import type { VerdictProps } from "./Verdict";

/** An execution that a person ended, or one that ended with warnings, in a quiet strip. */
export function EndedStrip({ record, facts, offered, actions }: VerdictProps) {
  const { head } = record;
  const summary = useSummary(record, facts);
  if (!summary) return null;
  return (
    <Strip
      label="How it ended"
      tone={STATE_TOKENS[head.state].tone}
      quiet
      who={summary.who}
      cause={summary.why}
      fix={head.state !== "WARNING" && <Fix offered={offered} actions={actions} word="Restart" />}
    />
  );
}

type Zone = "local" | "utc";
type Summary = { who: ReactNode; why: ReactNode };

function useSummary(record: ExecutionRecord, facts: VerdictProps["facts"]): Summary | null {
  const { zone } = usePreferences();
  if (record.head.state === "WARNING") return warned(record);
  if (record.head.state === "REJECTED") return rejected(record, zone);
  return stopped(record, facts, zone);
}

function warned(record: ExecutionRecord): Summary | null {
  const words = warnedWords(record);
  const first = [...record.taskRuns.values()].find((task) => task.state === "WARNING");
  return words ? { who: words, why: first?.error?.message } : null;
}

function rejected({ approvals }: ExecutionRecord, zone: Zone): Summary | null {
  const closed = [...approvals.values()].find(({ state }) => state === "REJECTED");
  if (!closed) return null;
  const vote = closed.votes.find(({ decision }) => decision === "REJECT");
  const task = <b>{closed.taskRun.key}</b>;
  if (!vote) return { who: <>Nobody decided {task} in time</>, why: closed.message };
  const who = (
    <>
      <b>{vote.actor.name}</b> rejected {task} at {formatTime(vote.at, zone)}
    </>
  );
  return { who, why: vote.comment ? `“${vote.comment}”` : closed.message };
}

function stopped({ head }: ExecutionRecord, facts: VerdictProps["facts"], zone: Zone): Summary {
  const history = facts?.stateHistory ?? [];
  const ending = lastInto(history, ["KILLING"]) ?? lastInto(history, ["KILLED", "CANCELLED"]);
  if (!ending) return { who: STATE_TOKENS[head.state].word, why: null };
  const who = (
    <>
      <b>{ending.actor.name}</b> cancelled it at {formatTime(ending.at, zone)}
    </>
  );
  return { who, why: ending.reason ? `“${ending.reason}”` : null };
}
