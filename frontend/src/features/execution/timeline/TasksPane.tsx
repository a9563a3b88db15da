import { Suspense, useCallback, useMemo, useRef, useState } from "react";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { countStateGroups } from "@/entities/taskRun/stateGroup";
import { TaskMenu } from "@/entities/taskRun/TaskMenu";
import type { Range } from "@/shared/axis/scale";
import { EmptyState } from "@/shared/ui/EmptyState";
import { lazily } from "@/shared/ui/lazily";
import { isEnded } from "@/shared/ui/stateTokens";
import { setPanes, usePanes } from "../panes";
import { Scrubber } from "../scrubber/Scrubber";
import { showing } from "../taskViews";
import { useSelection } from "../useSelection";
import { criticalPath } from "./critical";
import { Legend } from "./Legend";
import { StateGroupFilter } from "./StateGroupFilter";
import { TasksBar } from "./TasksBar";
import classes from "./TasksPane.module.css";
import { Timeline } from "./Timeline";
import { isFiltering, useRows } from "./useRows";
import { useTimes } from "./useTimes";

type Props = {
  record: ExecutionRecord;
  selected: TaskRunRow | undefined;
  actions: Actions;
  /** Why there are and will be no tasks. */
  none?: string | null;
};

const Graph = lazily(() => import("../graph/Graph").then((module) => module.Graph));

/** The tasks as a timeline or as a graph, and the scrubber below. */
export function TasksPane({ record, selected, actions, none = null }: Props) {
  const { at, view: chosen = "timeline", show: group = null, select } = useSelection();
  const pane = useRef<HTMLElement>(null);
  const [text, setText] = useState("");
  const filter = useMemo(() => ({ text, group }), [text, group]);
  const [zoom, setZoom] = useState<Range | null>(null);
  const { wide } = usePanes();
  const [width, setWidth] = useState(300);
  const { head, taskRuns } = record;
  const over = isEnded(head.state);

  const { range, whole, ticking, view } = useTimes(record, pane, {
    zoom: chosen === "timeline" ? zoom : null,
    width,
  });
  const path = useMemo(() => criticalPath(taskRuns.values()), [taskRuns]);
  const counts = useMemo(() => countStateGroups(taskRuns.values(), over), [taskRuns, over]);
  const { rows, toggle, pointer } = useRows(record, filter, { selected: selected?.key, path });
  const choose = useCallback((key: string) => select({ task: key, attempt: undefined }), [select]);

  if (none !== null)
    return (
      <section ref={pane} aria-label="Tasks" className={`${classes.pane} ${classes.none}`}>
        <p>{none}</p>
        <Scrubber record={record} range={range} ticking={ticking} />
      </section>
    );
  return (
    <section
      ref={pane}
      aria-label="Tasks"
      className={classes.pane}
      data-view={chosen}
      data-wide={wide || undefined}
    >
      <TasksBar
        view={chosen}
        onView={(next) => select({ view: next === "timeline" ? undefined : next }, { replace: true })}
        tasks={taskRuns.size}
        text={text}
        onText={setText}
        wide={wide}
        onWide={(next) => setPanes({ wide: next })}
        zoomed={zoom !== null && chosen === "timeline"}
        onWhole={() => setZoom(null)}
        legend={
          chosen === "timeline" && (
            <Legend critical={path.length > 0} usual={view.usual.size > 0} live={!over} />
          )
        }
      />
      {chosen === "graph" ? (
        <Suspense fallback={<div className={classes.waiting} role="status" aria-label="Loading the graph" />}>
          <Graph
            record={record}
            selected={selected}
            text={text}
            past={at !== undefined}
            onChoose={choose}
            onTimeline={() => select({ view: undefined }, { replace: true })}
          />
        </Suspense>
      ) : (
        <Timeline
          rows={rows}
          selected={selected}
          whole={whole}
          path={isFiltering(filter) ? [] : path}
          view={view}
          ticking={ticking}
          pointer={pointer}
          onToggle={toggle}
          onChoose={choose}
          onZoom={setZoom}
          onWidth={setWidth}
          menuOf={(task) => (
            <TaskMenu
              task={task}
              execution={head}
              actions={actions}
              onShow={(view) => {
                const { tab, hash } = showing(view);
                select({ task: task.key, attempt: undefined, tab }, { hash });
              }}
            />
          )}
        >
          <StateGroupFilter
            counts={counts}
            chosen={group}
            onChoose={(next) => select({ show: next ?? undefined }, { replace: true })}
          />
        </Timeline>
      )}
      {chosen === "timeline" && rows.length === 0 && (
        <Nothing
          tasks={taskRuns.size}
          onAll={() => {
            setText("");
            select({ show: undefined }, { replace: true });
          }}
        />
      )}
      <Scrubber record={record} range={range} ticking={ticking} />
    </section>
  );
}

function Nothing({ tasks, onAll }: { tasks: number; onAll: () => void }) {
  return (
    <div className={classes.nothing}>
      {tasks === 0 ? (
        <EmptyState title="No task has been planned yet." />
      ) : (
        <EmptyState title="No task matches the filter.">
          <button type="button" className={classes.all} onClick={onAll}>
            Show all tasks
          </button>
        </EmptyState>
      )}
    </div>
  );
}
