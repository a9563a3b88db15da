import type { TaskRunRow } from "@/entities/execution/record";
import type { TaskSection } from "@/shared/graphql/gen/graphql";

export type NodeKind = "task" | "fan" | "subflow" | "stack";
/** Sections of a flow whose tasks wait for the end of all tasks in the sections before. */
export type LateSection = Exclude<TaskSection, "TASKS">;
/**
 * `keys`: the tasks of the node, more than one for a stack. `rows`: lines of an opened subflow. `section`: for a task
 * that waits for the end of all tasks of the sections before.
 */
export type ShapeNode = {
  id: string;
  kind: NodeKind;
  keys: readonly string[];
  rows?: number;
  section?: LateSection;
};
/** The input of a layout: the tasks and their needs, independent of their states. */
export type Shape = { nodes: readonly ShapeNode[]; edges: readonly { from: string; to: string }[] };

/** From this many tasks with the same neighbours on, they are drawn as one stack. */
export const STACKED = 6;

/**
 * The flow's own tasks: the iterations of a foreach are counts in its node. Tasks with the same needs and dependents
 * are one stack, unless its id is among the `opened`. `inner`: the number of lines of opened subflows.
 */
export function shapeOf(
  tasks: Iterable<TaskRunRow>,
  opened: ReadonlySet<string> = new Set(),
  inner: ReadonlyMap<string, number> = new Map(),
): Shape {
  const own = [...tasks].filter(({ key }) => !key.includes("["));
  const keys = new Set(own.map(({ key }) => key));
  const needs = new Map(own.map(({ key, task }) => [key, task.needs.filter((need) => keys.has(need))]));
  const neededBy = new Map<string, string[]>();
  for (const [key, all] of needs)
    for (const need of all) neededBy.set(need, [...(neededBy.get(need) ?? []), key]);

  const alike = new Map<string, TaskRunRow[]>();
  for (const task of own) {
    const place = JSON.stringify([
      kindOf(task),
      task.task.section,
      needs.get(task.key),
      neededBy.get(task.key),
    ]);
    alike.set(place, [...(alike.get(place) ?? []), task]);
  }
  const nodes = [...alike.values()].flatMap((group): ShapeNode[] => {
    const id = `stack of ${group[0]!.key}`;
    if (kindOf(group[0]!) === "task" && group.length >= STACKED && !opened.has(id))
      return [{ id, kind: "stack", keys: group.map(({ key }) => key), ...late(group[0]!) }];
    return group.map((task) => {
      const rows = inner.get(task.key);
      return { id: task.key, kind: kindOf(task), keys: [task.key], ...(rows && { rows }), ...late(task) };
    });
  });
  const nodeOf = new Map(nodes.flatMap(({ id, keys }) => keys.map((key) => [key, id])));
  const edges = new Map<string, { from: string; to: string }>();
  for (const [key, all] of needs) {
    for (const need of all) {
      const edge = { from: nodeOf.get(need)!, to: nodeOf.get(key)! };
      edges.set(`${edge.from}\n${edge.to}`, edge);
    }
  }
  return { nodes, edges: [...edges.values()] };
}

function late({ task: { section } }: TaskRunRow): { section?: LateSection } {
  return section === "TASKS" ? {} : { section };
}

function kindOf({ task: { type } }: TaskRunRow): NodeKind {
  if (type === "foreach") return "fan";
  return type === "subflow" ? "subflow" : "task";
}

/** A key that is equal for equal shapes, so that each layout is computed once. */
export function signatureOf(shape: Shape): string {
  return JSON.stringify(shape);
}

/** The node of a task run: its own, that of its foreach, or its stack. */
export function nodeOf({ nodes }: Shape, key: string | undefined): string | undefined {
  const top = key?.split("[")[0];
  return top === undefined ? undefined : nodes.find(({ keys }) => keys.includes(top))?.id;
}
