import type { TaskRunRow } from "@/entities/execution/record";

export type NodeKind = "task" | "fan" | "subflow";
/** What a layout depends on: which tasks there are and which needs which, never how they stand. */
export type Shape = {
  nodes: readonly { key: string; kind: NodeKind }[];
  edges: readonly { from: string; to: string }[];
};

/** The flow's own tasks: the iterations of a foreach are counts in its node. */
export function shapeOf(tasks: Iterable<TaskRunRow>): Shape {
  const own = [...tasks].filter(({ key }) => !key.includes("["));
  const keys = new Set(own.map(({ key }) => key));
  return {
    nodes: own.map(({ key, task }) => ({ key, kind: kindOf(task.type) })),
    edges: own.flatMap(({ key, task }) =>
      task.needs.filter((need) => keys.has(need)).map((need) => ({ from: need, to: key })),
    ),
  };
}

function kindOf(type: string): NodeKind {
  if (type === "foreach") return "fan";
  return type === "subflow" ? "subflow" : "task";
}

/** Equal for equal shapes, so that a layout is made once for each. */
export function signatureOf({ nodes, edges }: Shape): string {
  return JSON.stringify([nodes.map(({ key, kind }) => [key, kind]), edges.map(({ from, to }) => [from, to])]);
}
