import { BaseEdge, type Edge, type EdgeProps } from "@xyflow/react";
import { type Point, pathOf } from "./layout";

export type TaskFlowEdge = Edge<{ passing: readonly Point[] }, "need">;

/** What needs what: a line beside the tasks between them, never behind one. */
export function TaskEdge({ id, sourceX, sourceY, targetX, targetY, style, data }: EdgeProps<TaskFlowEdge>) {
  const path = pathOf({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, data?.passing ?? []);
  return <BaseEdge id={id} path={path} {...(style && { style })} />;
}
