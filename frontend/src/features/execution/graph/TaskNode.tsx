import { IconChevronDown, IconChevronRight, IconSubtask } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { tokenOf } from "@/entities/taskRun/stateGroup";
import type { ExecutionLinkFragment } from "@/shared/graphql/gen/graphql";
import { formatInteger } from "@/shared/lib/number";
import { Duration } from "@/shared/ui/Duration";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { factWords, type NodeFacts, triesWords } from "./facts";
import { InnerTasks } from "./InnerTasks";
import type { LateSection, NodeKind } from "./shape";
import classes from "./TaskNode.module.css";

export type TaskNodeData = {
  facts: NodeFacts;
  kind: NodeKind;
  /** The number of lines of an opened subflow. */
  rows: number | undefined;
  section: LateSection | undefined;
  /** The execution that it started, in its current state. */
  child: ExecutionLinkFragment | null;
  over: boolean;
  selected: boolean;
  /** The filter does not match it. */
  faint: boolean;
  /** The node that Tab focuses. */
  first: boolean;
  onChoose: (id: string) => void;
  /** Opens or closes a subflow; null where that is not possible. */
  onUnfold: ((key: string, rows: number) => void) | null;
};
export type TaskFlowNode = Node<TaskNodeData, "task">;

const SECTIONS: Record<LateSection, string> = { ERRORS: "on error", FINALLY: "finally" };

export const TaskNode = memo(function TaskNode({ id, data }: NodeProps<TaskFlowNode>) {
  const { facts, kind, section, over, selected, faint, first, onChoose } = data;
  const { task } = facts;
  const token = tokenOf(task, over);
  const quiet = task.startedAt === null && token.tone === "calm";
  return (
    <>
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <div
        className={classes.node}
        data-kind={kind}
        data-opened={data.rows ? true : undefined}
        data-tone={token.tone}
        data-quiet={quiet || undefined}
        data-selected={selected || undefined}
        data-faint={faint || undefined}
      >
        <button
          type="button"
          className={classes.open}
          data-node={id}
          aria-pressed={selected}
          tabIndex={selected || first ? 0 : -1}
          title={kind === "stack" ? "Draw each of these tasks" : task.key}
          onClick={() => onChoose(id)}
        >
          <span className={classes.glyph} data-tone={token.tone}>
            <StateGlyph shape={token.shape} />
            <span className="hw-hidden">{token.word} </span>
          </span>
          <span className={classes.name}>{facts.name}</span>
          <When section={section} />
          <span className={classes.fact}>
            <Fact facts={facts} kind={kind} />
          </span>
          {(kind === "fan" || kind === "stack") && <Counts facts={facts} />}
        </button>
        {kind === "subflow" && <Child child={data.child} />}
        {data.child && data.onUnfold && <Inner child={data.child} task={id} data={data} />}
      </div>
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </>
  );
});

/** The label above the node of a task that waits for the end of all tasks of the sections before. */
function When({ section }: { section: LateSection | undefined }) {
  return section && <span className={classes.section}>{SECTIONS[section]}</span>;
}

function Fact({ facts, kind }: { facts: NodeFacts; kind: NodeKind }) {
  const words = factWords(facts, kind);
  if (words) return words;
  const { task } = facts;
  const tries = triesWords(task.attempts.length);
  return (
    <>
      {tries && `${tries} · `}
      <Duration startedAt={task.startedAt} endedAt={task.endedAt} />
    </>
  );
}

function Counts({ facts }: { facts: NodeFacts }) {
  return (
    <span className={classes.counts}>
      {facts.counts.slice(0, 3).map(({ state, count, words }) => (
        <span key={state} className={classes.glyph} data-tone={STATE_TOKENS[state].tone}>
          <StateGlyph shape={STATE_TOKENS[state].shape} size={12} />
          <span className={classes.number}>{formatInteger(count)}</span>
          <span className="hw-hidden"> {words.replace(/^\S+ /, "")}</span>
        </span>
      ))}
    </span>
  );
}

function Child({ child }: { child: ExecutionLinkFragment | null }) {
  if (!child) return <span className={classes.child}>not started</span>;
  const token = STATE_TOKENS[child.state];
  return (
    <Link to="/executions/$id" params={{ id: child.id }} search={{}} className={`${classes.child} nopan`}>
      <span className={classes.glyph} data-tone={token.tone}>
        <StateGlyph shape={token.shape} size={14} />
        <span className="hw-hidden">{token.word} </span>
      </span>
      <span className="hw-cut">{child.name}</span>
      <IconSubtask size={14} stroke={1.75} aria-hidden="true" />
    </Link>
  );
}

type InnerProps = { child: ExecutionLinkFragment; task: string; data: TaskNodeData };

/** Expands a subflow to the tasks of the execution that it started. */
function Inner({ child, task, data: { rows, onUnfold } }: InnerProps) {
  const words = `${rows ? "Hide" : "Show"} the tasks of ${child.name}`;
  return (
    <>
      <button
        type="button"
        className={`${classes.unfold} nopan`}
        aria-expanded={rows !== undefined}
        aria-label={words}
        title={words}
        onClick={() => onUnfold?.(task, rows ? 0 : 1)}
      >
        {rows ? <IconChevronDown size={14} stroke={1.75} /> : <IconChevronRight size={14} stroke={1.75} />}
      </button>
      {rows !== undefined && (
        <InnerTasks id={child.id} name={child.name} onRows={(count) => onUnfold?.(task, count)} />
      )}
    </>
  );
}
