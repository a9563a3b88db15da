import type { TaskRunRow } from "@/entities/execution/record";
import { branchesOf, type Count, countsOf } from "@/entities/taskRun/tree";
import { plural } from "@/shared/lib/number";
import type { Layout } from "./layout";
import type { Shape } from "./shape";

/** What a node says of its task: the task run itself, and of a foreach how its iterations stand. */
export type NodeFacts = { task: TaskRunRow; iterations: number; counts: readonly Count[] };

export function factsOf(tasks: readonly TaskRunRow[]): ReadonlyMap<string, NodeFacts> {
  return new Map(
    branchesOf(tasks)
      .filter(({ task }) => !task.key.includes("["))
      .map(({ task, iterations }) => [
        task.key,
        { task, iterations: iterations.length, counts: countsOf(iterations) },
      ]),
  );
}

/** The one fact below the name, where the time does not stand: "foreach, 24", "cached", or its type. */
export function factWords({ task, iterations }: NodeFacts): string | null {
  if (iterations) return `foreach, ${iterations}`;
  if (task.cachedFrom) return "cached";
  return task.startedAt ? null : task.task.type;
}

export function triesWords(tries: number): string | null {
  return tries > 1 ? plural(tries, "try", "tries") : null;
}

/** The right and lower edge of all nodes. */
export function extentOf(layout: Layout): { width: number; height: number } {
  let width = 0;
  let height = 0;
  for (const box of layout.values()) {
    width = Math.max(width, box.x + box.width);
    height = Math.max(height, box.y + box.height);
  }
  return { width, height };
}

/** Above this many nodes a list says more than a picture. */
export const MOST_NODES = 300;

export function isMany({ nodes }: Shape): boolean {
  return nodes.length > MOST_NODES;
}
