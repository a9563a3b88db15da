import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Head } from "@/entities/execution/record";
import { type ExecutionFilter, LastRunsDocument, type RunCellFragment } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatDuration } from "@/shared/lib/duration";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import classes from "./RunFacts.module.css";

const SHOWN = 20;

/** The last executions of the flow as cells, newest last; this one is framed. */
export function RunCells({ head }: { head: Head }) {
  const { zone } = usePreferences();
  const { data } = useRead(
    LastRunsDocument,
    { where: sameFlow(head), first: SHOWN },
    { version: `${head.state}|${head.endedAt}` },
  );
  const runs = [...(data?.executions.nodes ?? [])].reverse();
  if (runs.length < 2) return null;
  return (
    <div className={classes.fact}>
      <span>{runs.length < SHOWN ? `Last ${runs.length} runs` : "Last 20 runs"}</span>
      <span className={classes.cells}>
        {runs.map((run) => (
          <Tooltip key={run.id} label={wordsOf(run, zone)}>
            <Link
              className={classes.cell}
              to="/executions/$id"
              params={{ id: run.id }}
              search={{}}
              aria-label={`${run.name}, ${wordsOf(run, zone)}`}
              aria-current={run.id === head.id ? "page" : undefined}
              data-tone={STATE_TOKENS[run.state].tone}
              data-state={run.state}
            >
              <Cell run={run} />
            </Link>
          </Tooltip>
        ))}
      </span>
    </div>
  );
}

function sameFlow({ namespace, flowKey, kind }: Head): ExecutionFilter {
  return { namespace: { eq: namespace }, flow: { eq: flowKey }, kind: { eq: kind } };
}

/** "Failed, Nov 28 02:55:04, 4m 12s": state, time and duration. */
function wordsOf(run: RunCellFragment, zone: "local" | "utc"): string {
  const parts = [STATE_TOKENS[run.state].word, formatTime(run.startedAt ?? run.createdAt, zone)];
  if (run.duration !== null && isEnded(run.state)) parts.push(formatDuration(run.duration));
  return parts.join(", ");
}

const line = { fill: "none", stroke: "var(--hw-surface)", strokeWidth: 1.6, strokeLinecap: "round" } as const;

/** A square by state: its fill shows the tone, its mark the state, so that it is readable without colour. */
function Cell({ run: { state } }: { run: RunCellFragment }) {
  const { tone, shape } = STATE_TOKENS[state];
  return (
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {tone === "calm" ? (
        <rect x=".75" y=".75" width="10.5" height="10.5" rx="2" fill="none" stroke="currentColor" />
      ) : (
        <rect width="12" height="12" rx="2.5" fill="currentColor" />
      )}
      {tone === "bad" && <path d="m3.7 3.7 4.6 4.6m0-4.6L3.7 8.3" {...line} />}
      {tone === "stop" && <path d="M4 4h4v4H4z" fill="var(--hw-surface)" />}
      {tone === "ask" && <path d="M6 2.6 9.4 6 6 9.4 2.6 6z" fill="var(--hw-surface)" />}
      {shape === "exclamation" && <path d="M6 3v3.4m0 2.4v.01" {...line} />}
      {shape === "pause" && <path d="M4.6 3.8v4.4m2.8-4.4v4.4" {...line} />}
      {tone === "active" && <path d="M4.6 3.4v5.2L8.6 6z" fill="var(--hw-surface)" />}
      {shape === "slash" && <path d="m3.4 8.6 5.2-5.2" stroke="currentColor" strokeWidth="1.4" />}
    </svg>
  );
}
