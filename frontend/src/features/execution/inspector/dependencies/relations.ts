import type { DependencyFragment, DependencyKind } from "@/shared/graphql/gen/graphql";

/** A relation to the given execution or flow: the number of steps, the kind of the link, and the task. */
export type Relation = { id: string; steps: number; words: string };

const DOWN: Record<DependencyKind, string> = {
  SUBFLOW: "started as a subflow",
  RERUN: "a rerun",
  REPLAY: "a replay",
};
const UP: Record<DependencyKind, string> = {
  SUBFLOW: "starts it as a subflow",
  RERUN: "rerun here",
  REPLAY: "replayed here",
};

/** The relations upwards and downwards, nearest first. */
export function relationsOf(
  id: string,
  edges: readonly DependencyFragment[],
): { up: Relation[]; down: Relation[] } {
  return { up: walk(id, edges, "up"), down: walk(id, edges, "down") };
}

function walk(start: string, edges: readonly DependencyFragment[], way: "up" | "down"): Relation[] {
  const [here, there, words] = way === "up" ? (["to", "from", UP] as const) : (["from", "to", DOWN] as const);
  const found = new Map<string, Relation>();
  let at = [start];
  for (let steps = 1; at.length; steps++) {
    const next: string[] = [];
    for (const edge of edges.filter((one) => at.includes(one[here]))) {
      const id = edge[there];
      if (id === start || found.has(id)) continue;
      const by = edge.taskKey ? ` by ${edge.taskKey}` : "";
      found.set(id, { id, steps, words: `${words[edge.kind]}${by}` });
      next.push(id);
    }
    at = next;
  }
  return [...found.values()];
}
