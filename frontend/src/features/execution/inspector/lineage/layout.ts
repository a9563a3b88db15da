import { Graph as Drawing, layout } from "@dagrejs/dagre";
import type { Graph } from "./graph";

export const NODE = { width: 190, height: 52 };

export type Placed = { id: string; x: number; y: number };

/** Positions from left to right; the same graph always gets the same ones. */
export function placed(graph: Pick<Graph, "nodes" | "edges">): Placed[] {
  const drawing = new Drawing();
  drawing.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 48 });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const { id } of graph.nodes) drawing.setNode(id, { ...NODE });
  for (const { from, to } of graph.edges) drawing.setEdge(from, to);
  layout(drawing);
  return graph.nodes.map(({ id }) => {
    const { x = 0, y = 0 } = drawing.node(id);
    return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
  });
}
