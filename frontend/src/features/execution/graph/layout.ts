import { Graph, layout } from "@dagrejs/dagre";
import type { NodeKind, Shape } from "./shape";

/** The upper left corner and the size of a node, in pixels. */
export type Box = { x: number; y: number; width: number; height: number };
export type Layout = ReadonlyMap<string, Box>;

export const SIZES: Record<NodeKind, { width: number; height: number }> = {
  task: { width: 128, height: 48 },
  fan: { width: 128, height: 68 },
  stack: { width: 128, height: 68 },
  subflow: { width: 152, height: 76 },
};
const GAPS = { rankdir: "LR", ranksep: 44, nodesep: 20, marginx: 16, marginy: 16 } as const;

/** Left to right by what needs what. The same shape gives the same places. */
export function layoutOf({ nodes, edges }: Shape): Layout {
  const graph = new Graph();
  graph.setGraph({ ...GAPS });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, kind } of nodes) graph.setNode(id, { ...SIZES[kind] });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  return new Map(
    nodes.map(({ id, kind }) => {
      const { width, height } = SIZES[kind];
      const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
      return [id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height }];
    }),
  );
}
