import "@xyflow/react/dist/base.css";
import { Panel, ReactFlow, useReactFlow } from "@xyflow/react";
import { type KeyboardEvent, useMemo, useRef } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { formatInteger } from "@/shared/lib/number";
import { isEnded } from "@/shared/ui/stateTokens";
import { arrivalAt, FIT, READABLE } from "./arrival";
import { factsOf } from "./facts";
import classes from "./Graph.module.css";
import { drawingOf, routeId } from "./layout";
import { nodeOf, type Shape } from "./shape";
import { TaskEdge, type TaskFlowEdge } from "./TaskEdge";
import { type TaskFlowNode, TaskNode } from "./TaskNode";
import { type Direction, walk } from "./walk";
import { Zoom } from "./Zoom";

const NODE_TYPES = { task: TaskNode };
const EDGE_TYPES = { need: TaskEdge };
const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

type Props = {
  record: ExecutionRecord;
  selected: TaskRunRow | undefined;
  /** Text that node names must contain; other nodes are faint. */
  text: string;
  onChoose: (key: string) => void;
  tasks: readonly TaskRunRow[];
  shape: Shape;
  onOpen: (stack: string) => void;
  /** Opens a subflow with a number of lines, or closes it with none. */
  onUnfold: (key: string, rows: number) => void;
  past: boolean;
};

/** The drawn graph: nodes at the positions of the layout; supports zoom, pan and arrow keys. */
export function Picture(props: Props) {
  const { record, tasks, shape, selected, text, onChoose, onOpen, onUnfold, past } = props;
  const flow = useReactFlow();
  const room = useRef<HTMLDivElement>(null);
  const { layout, routes } = useMemo(() => drawingOf(shape), [shape]);
  const facts = useMemo(() => factsOf(shape, tasks), [shape, tasks]);
  const over = isEnded(record.head.state);
  const unfold = past ? null : onUnfold;
  const chosen = nodeOf(shape, selected?.key);
  const wanted = text.trim().toLowerCase();

  const nodes = useMemo<TaskFlowNode[]>(
    () =>
      shape.nodes.flatMap(({ id, kind, keys, rows, section }, index) => {
        const known = facts.get(id);
        const { x, y, width, height } = layout.get(id)!;
        if (!known) return [];
        const { child } = known.task;
        const data = {
          facts: known,
          child: child && (record.children.get(child.id) ?? child),
          kind,
          rows,
          section,
          over,
          selected: id === chosen,
          faint: wanted !== "" && !keys.some((key) => key.toLowerCase().includes(wanted)),
          first: chosen === undefined && index === 0,
          onChoose: kind === "stack" ? onOpen : onChoose,
          onUnfold: unfold,
        };
        return [{ id, type: "task" as const, position: { x, y }, width, height, data }];
      }),
    [shape, layout, facts, record.children, over, chosen, wanted, onChoose, onOpen, unfold],
  );
  const edges = useMemo<TaskFlowEdge[]>(
    () =>
      shape.edges.map(({ from, to }) => ({
        id: routeId({ from, to }),
        type: "need" as const,
        source: from,
        target: to,
        className: classes.edge!,
        data: { passing: routes.get(routeId({ from, to })) ?? [] },
        ...edgeLook(from === chosen || to === chosen, facts.get(to)?.task.startedAt === null),
      })),
    [shape, routes, facts, chosen],
  );

  /** The view of the whole graph if it is readable then, else of the part around the selection. */
  const arrive = async () => {
    await flow.fitView(FIT);
    const box = layout.get(chosen ?? shape.nodes[0]?.id ?? "");
    if (flow.getZoom() >= READABLE || !box || !room.current) return;
    const { clientWidth: width, clientHeight: height } = room.current;
    await flow.setViewport(arrivalAt(box, layout, { width, height }));
  };
  const pressed = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const focused = (event.target as HTMLElement).dataset.node ?? chosen ?? shape.nodes[0]?.id;
    const next = focused && walk(shape, layout, focused, direction);
    if (!next) return;
    if (shape.nodes.some(({ id, kind }) => id === next && kind !== "stack")) onChoose(next);
    const { x, y, width, height } = layout.get(next)!;
    void flow.setCenter(x + width / 2, y + height / 2, { zoom: flow.getZoom(), duration: 0 });
    event.currentTarget.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };

  return (
    <div ref={room} className={classes.graph} onKeyDownCapture={pressed}>
      <ReactFlow<TaskFlowNode, TaskFlowEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onInit={() => void arrive()}
        minZoom={0.05}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
        onlyRenderVisibleElements={nodes.length > 100}
        proOptions={{ hideAttribution: true }}
        aria-label="Graph of the tasks"
      >
        <Panel position="bottom-left" className={classes.zoom ?? ""}>
          <Zoom />
        </Panel>
        <Panel position="top-right" className={classes.legend ?? ""}>
          {formatInteger(tasks.length)} tasks in {formatInteger(shape.nodes.length)} nodes
        </Panel>
      </ReactFlow>
    </div>
  );
}

function edgeLook(near: boolean, unreached: boolean) {
  const style = {
    stroke: near ? "var(--hw-accent)" : "var(--hw-line-strong)",
    strokeWidth: near ? 2 : 1.25,
    ...(unreached && { strokeDasharray: "4 4" }),
  };
  return { style, zIndex: near ? 1 : 0 };
}
