import { Button, NativeSelect } from "@mantine/core";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import type { LogLevel } from "@/shared/graphql/gen/graphql";
import { stripAnsi } from "@/shared/lib/ansi";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Panel } from "@/shared/ui/Panel";
import { isEnded } from "@/shared/ui/stateTokens";
import classes from "./LogsPanel.module.css";
import { LogView } from "./LogView";
import type { LogBuffer } from "./logBuffer";
import { useLogs } from "./useLogs";

const route = getRouteApi("/executions/$id");
const LEVELS = [
  { value: "", label: "All levels" },
  { value: "INFO", label: "Info and above" },
  { value: "WARN", label: "Warnings and errors" },
  { value: "ERROR", label: "Errors" },
];

type Props = { record: ExecutionRecord; taskRun: TaskRunRow | undefined; attempt: number | undefined };

export function LogsPanel({ record, taskRun }: Props) {
  const view = record.head;
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const target = useLocation({ select: (location) => lineOf(location.hash) });
  const { buffer, error, loadOlder, reach } = useLogs(
    { id: view.id, taskRunId: taskRun?.id ?? null, minLevel: search.level ?? null },
    !isEnded(view.state),
  );
  const setLevel = (level: string) =>
    void navigate({
      search: (before) => ({ ...before, level: (level || undefined) as LogLevel | undefined }),
      replace: true,
      resetScroll: false,
    });

  return (
    <Panel
      title="Logs"
      aside={
        <div className={classes.tools}>
          <NativeSelect
            size="xs"
            aria-label="Level"
            data={LEVELS}
            value={search.level ?? ""}
            onChange={(event) => setLevel(event.currentTarget.value)}
          />
          <CopyLines buffer={buffer} />
        </div>
      }
    >
      {error && <ErrorState error={error} what="The log" />}
      {buffer.lines.length > 0 ? (
        <LogView
          key={`${taskRun?.id ?? ""}/${search.level ?? ""}`}
          buffer={buffer}
          target={target}
          showTask={!taskRun && record.taskRuns.size > 1}
          loadOlder={loadOlder}
          reach={reach}
        />
      ) : (
        !error && (
          <p className={classes.none}>
            {emptyWords(isEnded(view.state), buffer, Boolean(taskRun || search.level))}
          </p>
        )
      )}
    </Panel>
  );
}

/** The text alone: no numbers, times or colours. */
function CopyLines({ buffer }: { buffer: LogBuffer }) {
  const text = () => buffer.lines.map((line) => stripAnsi(line.text)).join("\n");
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text());
    setCopied(true);
  };
  return (
    <Button onClick={copy} onBlur={() => setCopied(false)}>
      {copied ? "Copied" : "Copy"}
    </Button>
  );
}

function lineOf(hash: string): number | null {
  const match = /^#?L(\d+)$/.exec(hash);
  return match ? Number(match[1]) : null;
}

function emptyWords(ended: boolean, buffer: LogBuffer, filtered: boolean): string {
  if (!buffer.loaded) return "Loading…";
  if (filtered) return "No lines match.";
  return ended ? "Nothing was logged." : "No lines yet; they show here as they come.";
}
