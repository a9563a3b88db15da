import "@xyflow/react/dist/base.css";
import { Controls, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { Graph, LineageNode } from "./graph";
import classes from "./Lineage.module.css";
import { Named } from "./LineageTable";
import { NODE, placed } from "./layout";

type Drawn = Node<{ node: LineageNode; own: boolean }, "lineage">;
const TYPES = { lineage: Box };

/** The uses of artifacts as a graph from left to right; the table has the same content. */
export function LineageGraph({ graph, of }: { graph: Graph; of: string }) {
  const { nodes, edges } = useMemo(() => drawn(graph, of), [graph, of]);
  return (
    <div className={classes.graph} role="group" aria-label="Lineage">
      <ReactFlow
        key={graph.nodes.length}
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
        minZoom={0.2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        panOnScroll
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function drawn(graph: Graph, of: string) {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const nodes: Drawn[] = placed(graph).map(({ id, x, y }) => ({
    id,
    type: "lineage",
    position: { x, y },
    data: { node: byId.get(id)!, own: id === of },
    ...NODE,
  }));
  const edges = graph.edges.map(({ from, to, taskKey }) => ({
    id: `${from} ${to} ${taskKey}`,
    source: from,
    target: to,
  }));
  return { nodes, edges };
}

function Box({ data: { node, own } }: NodeProps<Drawn>) {
  return (
    <div
      className={classes.box}
      data-kind={"state" in node ? "execution" : "artifact"}
      data-own={own || undefined}
    >
      <Handle type="target" position={Position.Left} className={classes.handle} />
      <Named node={node} />
      <Handle type="source" position={Position.Right} className={classes.handle} />
    </div>
  );
}
