import { Button, NativeSelect } from "@mantine/core";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import type { LogLevel } from "@/shared/graphql/gen/graphql";
import { stripAnsi } from "@/shared/lib/ansi";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Panel } from "@/shared/ui/Panel";
import { isEnded } from "@/shared/ui/stateTokens";
import type { View } from "../view";
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

export function LogsPanel({ view }: { view: View }) {
  const search = route.useSearch() as { task?: string; level?: LogLevel };
  const navigate = route.useNavigate();
  const target = useLocation({ select: (location) => lineOf(location.hash) });
  const { buffer, error, loadOlder, reach } = useLogs(
    { id: view.id, taskRunId: search.task ?? null, minLevel: search.level ?? null },
    !isEnded(view.state),
  );
  const setSearch = (part: { task?: string | undefined; level?: string | undefined }) =>
    void navigate({ search: { ...search, ...part }, replace: true, resetScroll: false } as never);

  const tasks = view.taskRuns.map((task) => ({ value: task.id, label: task.key }));
  return (
    <Panel
      title="Logs"
      aside={
        <div className={classes.tools}>
          <NativeSelect
            size="xs"
            aria-label="Task"
            data={[{ value: "", label: "All tasks" }, ...tasks]}
            value={search.task ?? ""}
            onChange={(event) => setSearch({ task: event.currentTarget.value || undefined })}
          />
          <NativeSelect
            size="xs"
            aria-label="Level"
            data={LEVELS}
            value={search.level ?? ""}
            onChange={(event) => setSearch({ level: event.currentTarget.value || undefined })}
          />
          <CopyLines buffer={buffer} />
        </div>
      }
    >
      {error && <ErrorState error={error} what="The log" />}
      {buffer.lines.length > 0 ? (
        <LogView
          key={`${search.task ?? ""}/${search.level ?? ""}`}
          buffer={buffer}
          target={target}
          showTask={!search.task && view.taskRuns.length > 1}
          loadOlder={loadOlder}
          reach={reach}
        />
      ) : (
        !error && (
          <p className={classes.none}>{emptyWords(view, buffer, Boolean(search.task || search.level))}</p>
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

function emptyWords(view: View, buffer: LogBuffer, filtered: boolean): string {
  if (!buffer.loaded) return "Loading…";
  if (filtered) return "No lines match.";
  return isEnded(view.state) ? "Nothing was logged." : "No lines yet; they show here as they come.";
}
