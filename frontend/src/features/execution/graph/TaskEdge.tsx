import { BaseEdge, type Edge, type EdgeProps } from "@xyflow/react";
import { type Point, pathOf } from "./layout";

export type TaskFlowEdge = Edge<{ passing: readonly Point[] }, "need">;

/** An edge of the graph: a line that passes next to the tasks between its ends, never behind one. */
export function TaskEdge({ id, sourceX, sourceY, targetX, targetY, style, data }: EdgeProps<TaskFlowEdge>) {
  const path = pathOf({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, data?.passing ?? []);
  return <BaseEdge id={id} path={path} {...(style && { style })} />;
}
