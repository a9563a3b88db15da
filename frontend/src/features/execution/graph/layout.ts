import { Graph, layout } from "@dagrejs/dagre";
import type { LateSection, NodeKind, Shape, ShapeNode } from "./shape";

/** The upper left corner and the size of a node, in pixels. */
export type Box = { x: number; y: number; width: number; height: number };
export type Layout = ReadonlyMap<string, Box>;
export type Point = { x: number; y: number };
/** Where an edge passes between the tasks that lie between its ends, by `routeId`. */
export type Routes = ReadonlyMap<string, readonly Point[]>;
export type Drawing = { layout: Layout; routes: Routes };

export const SIZES: Record<NodeKind, { width: number; height: number }> = {
  task: { width: 128, height: 48 },
  fan: { width: 128, height: 68 },
  stack: { width: 128, height: 68 },
  subflow: { width: 152, height: 76 },
};
/** A line of an opened subflow, with the room below it. */
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
 * Left to right by what needs what; then what runs on an error, then what runs at the end, since it waits for all
 * before it. The same shape gives the same places.
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

/** One list of the flow by itself: needs do not lead from one list to another. */
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
    // The first and the last lie on the edges of the nodes at its ends.
    return [routeId(edge), points.slice(1, -1)];
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { layout: new Map(boxes), routes: new Map(routes), width, height };
}

/** Half of the widest node, and a little: beside a node an edge goes straight on. */
const BESIDE = SIZES.subflow.width / 2 + 4;

/** The path of an edge from one point to another: level beside the nodes that it passes, curved only between them. */
export function pathOf(from: Point, to: Point, passing: readonly Point[]): string {
  const stops = passing
    .filter(({ x }) => x - BESIDE > from.x && x + BESIDE < to.x)
    .flatMap(({ x, y }) => [
      { x: x - BESIDE, y },
      { x: x + BESIDE, y },
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
