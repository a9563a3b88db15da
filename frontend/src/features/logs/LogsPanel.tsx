import { ActionIcon, Button } from "@mantine/core";
import { IconTextWrap } from "@tabler/icons-react";
import { useRef, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { useKeys } from "@/shared/lib/keys";
import { ErrorState } from "@/shared/ui/ErrorState";
import { GoToLine } from "./address/GoToLine";
import { downloadOf, isNarrowed } from "./choice";
import { emptyWords, missingWords, totalWords } from "./choose";
import { LogFiles } from "./copying/LogFiles";
import { LogFilter } from "./LogFilter";
import { LogFoot } from "./LogFoot";
import classes from "./LogsPanel.module.css";
import { LogView } from "./lines/LogView";
import { ErrorSteps } from "./search/ErrorSteps";
import { LogSearch } from "./search/LogSearch";
import { countWords } from "./search/matches";
import { type LogPanel, useLogPanel } from "./useLogPanel";

type Props = { record: ExecutionRecord; taskRun: TaskRunRow | undefined; attempt: number | undefined };

/** The log of an execution, of a task run or of an attempt. */
export function LogsPanel(props: Props) {
  const { record, taskRun, attempt } = props;
  return <Log key={[record.head.id, taskRun?.id, attempt].join("/")} {...props} />;
}

function Log({ record, taskRun, attempt }: Props) {
  const panel = useLogPanel({ record, taskRun, attempt });
  const { choice, open, error, growing } = panel;
  const [asksLine, setAsksLine] = useState(false);
  return (
    <section className={classes.panel} aria-label="Log">
      <Bar
        panel={panel}
        onAsksLine={() => setAsksLine(true)}
        taskKey={choice.taskRunId === null ? undefined : taskRun?.key}
      />
      {error && <ErrorState error={error} what="The log" />}
      {panel.isMissing && <Missing panel={panel} />}
      {open && open.store.count > 0 ? (
        <LogView
          key={open.key}
          open={open}
          goal={panel.goal}
          range={panel.range}
          current={panel.steps.current}
          find={panel.find}
          isError={panel.isError}
          showTask={panel.canGroup && !panel.byTask}
          marks={panel.marks}
          growing={growing}
          wordsOf={panel.wordsOf}
          onGo={panel.onGo}
          onSeen={panel.onSeen}
          onNumber={panel.onNumber}
        />
      ) : (
        <p className={classes.none}>{open ? emptyWords(choice, growing) : !error && "Loading…"}</p>
      )}
      <LogFoot taskRun={taskRun} attempt={attempt} at={panel.search.at} said={panel.copying.said}>
        {panel.total && (
          <GoToLine
            words={totalWords(panel.total, panel.whole)}
            extent={panel.extent}
            opened={asksLine}
            onOpened={setAsksLine}
            onGo={(line) => panel.goTo({ from: line, to: line })}
          />
        )}
      </LogFoot>
    </section>
  );
}

type BarProps = { panel: LogPanel; taskKey: string | undefined; onAsksLine: () => void };

function Bar({ panel, taskKey, onAsksLine }: BarProps) {
  const { choice, search, steps, matches, errors, find, byTask, wrap } = panel;
  const field = useRef<HTMLInputElement>(null);
  useKeys("Log", [
    { key: "/", words: "Search the log", run: () => field.current?.focus() },
    { key: "g", words: "Go to line", run: onAsksLine },
    { key: "n", words: "Next match", run: () => steps.stepMatch(1) },
    { key: "N", words: "Previous match", run: () => steps.stepMatch(-1) },
    { key: "e", words: "Next error", run: () => steps.stepError(1) },
    { key: "E", words: "Previous error", run: () => steps.stepError(-1) },
  ]);
  const isNow = choice.moment === null;
  const file = { task: taskKey, byTask };
  return (
    <div className={classes.bar}>
      <LogSearch
        ref={field}
        value={find}
        words={matches.error ? "The search failed" : countWords(matches, steps.current)}
        isFound={matches.lines.length > 0}
        onFind={(text) => panel.change({ find: text || undefined })}
        onStep={steps.stepMatch}
      />
      <LogFilter
        level={search.level}
        stream={search.stream}
        byTask={panel.canGroup ? byTask : undefined}
        onLevel={(level) => panel.change({ level })}
        onStream={(stream) => panel.change({ stream })}
        onByTask={panel.setByTask}
      />
      <span className={classes.grow} />
      <ErrorSteps
        count={errors.lines.length}
        complete={errors.complete}
        place={steps.errorPlace}
        onStep={steps.stepError}
      />
      <ActionIcon
        variant={wrap ? "light" : "subtle"}
        color="gray"
        aria-label="Wrap lines"
        title="Wrap lines"
        aria-pressed={wrap}
        data-wrap-switch
        onClick={() => panel.setWrap(!wrap)}
      >
        <IconTextWrap size={16} stroke={1.75} />
      </ActionIcon>
      <LogFiles
        download={isNow ? downloadOf(choice, file) : null}
        found={isNow && find ? downloadOf(choice, { ...file, text: find }) : null}
        find={find}
        copyWords={panel.range ? "Copy the selected lines" : "Copy what is shown"}
        onCopy={panel.copying.copy}
      />
    </div>
  );
}

function Missing({ panel }: { panel: LogPanel }) {
  const { choice, range, extent } = panel;
  if (!range) return null;
  const mayBeThere = isNarrowed(choice);
  return (
    <p className={classes.notice} role="status">
      {missingWords(range, choice, extent)}
      {mayBeThere && (
        <Button
          size="compact-xs"
          onClick={() => panel.change({ task: "", attempt: undefined, level: undefined, stream: undefined })}
        >
          Show the whole log
        </Button>
      )}
    </p>
  );
}
