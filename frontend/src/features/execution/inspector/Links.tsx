import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { tokenOf } from "@/entities/taskRun/stateGroup";
import type { ExecutionLinkFragment, TaskRunState } from "@/shared/graphql/gen/graphql";
import { ExecutionStateLiveDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { type AnyState, isEnded, STATE_TOKENS, type StateToken } from "@/shared/ui/stateTokens";
import { useSelection } from "../useSelection";
import classes from "./Links.module.css";

type GlyphProps = { state: AnyState; size?: number; token?: StateToken };

/** A state as its shape, with its name for screen readers and as a tooltip. */
export function Glyph({ state, size = 14, token = STATE_TOKENS[state] }: GlyphProps) {
  const { word, shape, tone } = token;
  return (
    <span className={classes.glyph} data-tone={tone} title={word}>
      <StateGlyph shape={shape} size={size} />
      <span className="hw-hidden">{word} </span>
    </span>
  );
}

type Task = { key: string; state?: TaskRunState; startedAt?: string | null };

/** A link that selects a task run of this execution. `over`: the execution has ended. */
export function TaskLink({ task, over = false }: { task: Task; over?: boolean }) {
  const { select } = useSelection();
  return (
    <button
      type="button"
      className={classes.task}
      onClick={() => select({ task: task.key, attempt: undefined, tab: undefined })}
    >
      {task.state && (
        <Glyph
          state={task.state}
          token={tokenOf({ state: task.state, startedAt: task.startedAt ?? null }, over)}
        />
      )}
      {task.key}
    </button>
  );
}

/** A link to another execution with its state; `live` subscribes to it until it has ended. */
export function ExecutionRef({
  execution,
  live = true,
}: {
  execution: ExecutionLinkFragment;
  live?: boolean;
}) {
  return live && !isEnded(execution.state) ? (
    <Followed key={execution.id} execution={execution} />
  ) : (
    <Reference execution={execution} />
  );
}

function Followed({ execution }: { execution: ExecutionLinkFragment }) {
  const [now, setNow] = useState(execution);
  useLive(ExecutionStateLiveDocument, { id: execution.id }, { onData: (data) => setNow(data.execution) });
  return <Reference execution={now} />;
}

function Reference({ execution: { id, name, state } }: { execution: ExecutionLinkFragment }) {
  return (
    <Link to="/executions/$id" params={{ id }} search={{}} className={classes.link}>
      <Glyph state={state} />
      {name}
    </Link>
  );
}
