import type { TaskRunRow } from "@/entities/execution/record";
import { inOrderOfConcern, stateGroupOf } from "@/entities/taskRun/stateGroup";
import { branchesOf, type Count, countsOf } from "@/entities/taskRun/tree";
import { formatInteger, plural } from "@/shared/lib/number";
import type { Shape, ShapeNode } from "./shape";

/** The content of a node: the task run that it selects, its name, and, for several tasks, the counts by state. */
export type NodeFacts = { task: TaskRunRow; name: string; size: number; counts: readonly Count[] };

/** The facts of each node, by its id. */
export function factsOf({ nodes }: Shape, tasks: readonly TaskRunRow[]): ReadonlyMap<string, NodeFacts> {
  const byKey = new Map(branchesOf(tasks).map((branch) => [branch.task.key, branch]));
  return new Map(
    nodes.flatMap((node): [string, NodeFacts][] => {
      const branches = node.keys.flatMap((key) => byKey.get(key) ?? []);
      const first = branches[0];
      if (!first) return [];
      if (node.kind !== "stack") {
        const { task, iterations } = first;
        const counts = inOrderOfConcern(countsOf(iterations));
        return [[node.id, { task, name: task.key, size: iterations.length, counts }]];
      }
      const members = branches.map(({ task }) => task);
      const counts = inOrderOfConcern(
        countsOf(members.map(({ state }) => ({ index: 0, state, branches: [] }))),
      );
      return [[node.id, { task: telling(members), name: nameOf(node), size: members.length, counts }]];
    }),
  );
}

/** The task that failed, else one that runs, else the first. */
function telling(members: readonly TaskRunRow[]): TaskRunRow {
  const of = (group: string) => members.find((task) => stateGroupOf(task, false) === group);
  return of("failed") ?? of("running") ?? members[0]!;
}

/** "check_…" for tasks with a common prefix, else "30 tasks". */
function nameOf({ keys }: ShapeNode): string {
  let same = keys[0]!;
  for (const key of keys) while (!key.startsWith(same)) same = same.slice(0, -1);
  return same.length > 2 ? `${same}…` : `${formatInteger(keys.length)} tasks`;
}

/** The fact below the name in place of a duration: "foreach, 24", "30 tasks", "cached", or its type. */
export function factWords({ task, size }: NodeFacts, kind: ShapeNode["kind"]): string | null {
  if (kind === "stack") return `${formatInteger(size)} tasks`;
  if (size) return `foreach, ${formatInteger(size)}`;
  if (task.cachedFrom) return "cached";
  return task.startedAt ? null : task.task.type;
}

export function triesWords(tries: number): string | null {
  return tries > 1 ? plural(tries, "try", "tries") : null;
}

/** Above this many nodes a list is more useful than a graph. */
export const MOST_NODES = 300;

export function isMany({ nodes }: Shape): boolean {
  return nodes.length > MOST_NODES;
}
