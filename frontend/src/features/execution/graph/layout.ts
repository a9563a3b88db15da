import { Graph, layout } from "@dagrejs/dagre";
import type { LateSection, NodeKind, Shape, ShapeNode } from "./shape";

/** The top left corner and the size of a node, in pixels. */
export type Box = { x: number; y: number; width: number; height: number };
export type Layout = ReadonlyMap<string, Box>;
export type Point = { x: number; y: number };
/** The points where an edge passes the tasks between its ends, by `routeId`. */
export type Routes = ReadonlyMap<string, readonly Point[]>;
export type Drawing = { layout: Layout; routes: Routes };

export const SIZES: Record<NodeKind, { width: number; height: number }> = {
  task: { width: 128, height: 48 },
  fan: { width: 128, height: 68 },
  stack: { width: 128, height: 68 },
  subflow: { width: 152, height: 76 },
};
/** The height of a line of an opened subflow, including the gap below it. */
const ROW = 26;
const BELOW_ROWS = 8;

function sizeOf({ kind, rows }: ShapeNode): { width: number; height: number } {
  const { width, height } = SIZES[kind];
  return rows ? { width, height: height + rows * ROW + BELOW_ROWS } : { width, height };
}

const GAPS = { rankdir: "LR", ranksep: 44, nodesep: 20, marginx: 16, marginy: 16 } as const;

export function routeId({ from, to }: Shape["edges"][number]): string {
  return `${from} ${to}`;
}

/**
 * Places tasks from left to right by their needs; then those of `on_error`, then those of `finally`, which wait for all
 * before them. The same shape gives the same positions.
 */
export function drawingOf({ nodes, edges }: Shape): Drawing {
  const parts = SECTIONS.map((section) => nodes.filter((node) => node.section === section))
    .filter((part) => part.length > 0)
    .map((part) => partOf(part, edges));
  const height = Math.max(0, ...parts.map((part) => part.height));
  const boxes = new Map<string, Box>();
  const routes = new Map<string, Point[]>();
  let left = 0;
  for (const part of parts) {
    const by = { x: left, y: Math.round((height - part.height) / 2) };
    for (const [id, box] of part.layout) boxes.set(id, { ...box, ...moved(box, by) });
    for (const [id, points] of part.routes)
      routes.set(
        id,
        points.map((point) => moved(point, by)),
      );
    left += part.width - 2 * GAPS.marginx + GAPS.ranksep;
  }
  return { layout: boxes, routes };
}

const SECTIONS: readonly (LateSection | undefined)[] = [undefined, "ERRORS", "FINALLY"];

function moved({ x, y }: Point, by: Point): Point {
  return { x: x + by.x, y: y + by.y };
}

/** Lays out one section of the flow: needs do not cross sections. */
function partOf(
  nodes: readonly ShapeNode[],
  all: Shape["edges"],
): Drawing & { width: number; height: number } {
  const ids = new Set(nodes.map(({ id }) => id));
  const edges = all.filter(({ from, to }) => ids.has(from) && ids.has(to));
  const graph = new Graph();
  graph.setGraph({ ...GAPS });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { ...sizeOf(node) });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const boxes = nodes.map((node): [string, Box] => {
    const { id } = node;
    const { width, height } = sizeOf(node);
    const { x = 0, y = 0 } = graph.node(id) as Partial<Point>;
    return [id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height }];
  });
  const routes = edges.map((edge): [string, Point[]] => {
    const { points = [] } = graph.edge(edge.from, edge.to) as { points?: Point[] };
    // The first and the last point are on the edges of the nodes at its ends.
    return [routeId(edge), points.slice(1, -1)];
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { layout: new Map(boxes), routes: new Map(routes), width, height };
}

/** Half of the widest node plus a margin: within this distance of a passed node an edge is horizontal. */
const CLEARANCE = SIZES.subflow.width / 2 + 4;

/** The SVG path of an edge between two points: horizontal next to the nodes that it passes, curved in between. */
export function pathOf(from: Point, to: Point, passing: readonly Point[]): string {
  const stops = passing
    .filter(({ x }) => x - CLEARANCE > from.x && x + CLEARANCE < to.x)
    .flatMap(({ x, y }) => [
      { x: x - CLEARANCE, y },
      { x: x + CLEARANCE, y },
    ]);
  let path = `M${from.x} ${from.y}`;
  let here = from;
  for (const next of [...stops, to]) {
    const middle = (here.x + next.x) / 2;
    path += here.y === next.y ? `H${next.x}` : `C${middle} ${here.y} ${middle} ${next.y} ${next.x} ${next.y}`;
    here = next;
  }
  return path;
}
