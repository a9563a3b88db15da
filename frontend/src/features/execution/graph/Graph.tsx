import "@xyflow/react/dist/base.css";
import { Button } from "@mantine/core";
import { IconFocus2, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { type Edge, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useViewport } from "@xyflow/react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { formatInteger } from "@/shared/lib/number";
import { isEnded } from "@/shared/ui/stateTokens";
import { factsOf, isMany } from "./facts";
import classes from "./Graph.module.css";
import { layoutOf } from "./layout";
import { type Shape, shapeOf, signatureOf } from "./shape";
import { type TaskFlowNode, TaskNode } from "./TaskNode";
import { type Direction, walk } from "./walk";

type Props = {
  record: ExecutionRecord;
  selected: TaskRunRow | undefined;
  text: string;
  onChoose: (key: string) => void;
  onTimeline: () => void;
};

const NODE_TYPES = { task: TaskNode };
const FIT = { padding: 0.08, maxZoom: 1 };
const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** The tasks by what needs what. Nothing moves while they run: places come from the flow's shape alone. */
export function Graph(props: Props) {
  const { record, onTimeline } = props;
  const [anyway, setAnyway] = useState(false);
  const tasks = useMemo(() => [...record.taskRuns.values()], [record.taskRuns]);
  const shape = useStable(useMemo(() => shapeOf(tasks), [tasks]));
  if (isMany(shape) && !anyway) {
    return (
      <div className={classes.many}>
        <p>
          {formatInteger(shape.nodes.length)} tasks are more than a picture can show well: the timeline lists
          them.
        </p>
        <div className={classes.choices}>
          <Button variant="default" onClick={onTimeline}>
            Show the timeline
          </Button>
          <Button variant="subtle" onClick={() => setAnyway(true)}>
            Draw the graph anyway
          </Button>
        </div>
      </div>
    );
  }
  return (
    <ReactFlowProvider>
      <Picture {...props} tasks={tasks} shape={shape} />
    </ReactFlowProvider>
  );
}

/** The same object for as long as the shape is the same. */
function useStable(shape: Shape): Shape {
  const signature = signatureOf(shape);
  const known = useRef({ signature, shape });
  if (known.current.signature !== signature) known.current = { signature, shape };
  return known.current.shape;
}

type PictureProps = Props & { tasks: readonly TaskRunRow[]; shape: Shape };

function Picture({ record, tasks, shape, selected, text, onChoose }: PictureProps) {
  const flow = useReactFlow();
  const layout = useMemo(() => layoutOf(shape), [shape]);
  const facts = useMemo(() => factsOf(tasks), [tasks]);
  const over = isEnded(record.head.state);
  const chosen = selected?.key.split("[")[0];
  const wanted = text.trim().toLowerCase();

  const nodes = useMemo<TaskFlowNode[]>(
    () =>
      shape.nodes.flatMap(({ key, kind }, index) => {
        const known = facts.get(key);
        const { x, y, width, height } = layout.get(key)!;
        if (!known) return [];
        const data = {
          facts: known,
          kind,
          over,
          selected: key === chosen,
          faint: wanted !== "" && !key.toLowerCase().includes(wanted),
          first: chosen === undefined && index === 0,
          onChoose,
        };
        return [{ id: key, type: "task" as const, position: { x, y }, width, height, data }];
      }),
    [shape, layout, facts, over, chosen, wanted, onChoose],
  );
  const edges = useMemo<Edge[]>(
    () =>
      shape.edges.map(({ from, to }) => ({
        id: `${from} ${to}`,
        source: from,
        target: to,
        className: classes.edge!,
        data: {},
        ...edgeLook(from === chosen || to === chosen, facts.get(to)?.task.startedAt === null),
      })),
    [shape, facts, chosen],
  );

  const pressed = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const focused = (event.target as HTMLElement).dataset.node ?? chosen ?? shape.nodes[0]?.key;
    const next = focused && walk(shape, layout, focused, direction);
    if (!next) return;
    onChoose(next);
    const { x, y, width, height } = layout.get(next)!;
    void flow.setCenter(x + width / 2, y + height / 2, { zoom: flow.getZoom(), duration: 0 });
    event.currentTarget.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };

  return (
    <div className={classes.graph} onKeyDownCapture={pressed}>
      <ReactFlow<TaskFlowNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        fitView
        fitViewOptions={FIT}
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

function Zoom() {
  const { zoomIn, zoomOut, zoomTo, fitView } = useReactFlow();
  const { zoom } = useViewport();
  return (
    <>
      <button type="button" aria-label="Smaller" title="Smaller" onClick={() => void zoomOut()}>
        <IconZoomOut size={16} stroke={1.75} />
      </button>
      <button type="button" title="Full size" onClick={() => void zoomTo(1)}>
        {Math.round(zoom * 100)} %
      </button>
      <button type="button" aria-label="Larger" title="Larger" onClick={() => void zoomIn()}>
        <IconZoomIn size={16} stroke={1.75} />
      </button>
      <button type="button" aria-label="Fit" title="Fit" onClick={() => void fitView(FIT)}>
        <IconFocus2 size={16} stroke={1.75} />
      </button>
    </>
  );
}
