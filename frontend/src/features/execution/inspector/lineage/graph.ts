import type { LineageQuery } from "@/shared/graphql/gen/graphql";

export type Graph = LineageQuery["lineage"];
export type LineageNode = Graph["nodes"][number];

/** The artifacts that one task of an execution used and made, with their origins and users. */
export function ofTask(graph: Graph, executionId: string, taskKey: string): Graph {
  const own = graph.edges.filter(
    (edge) => edge.taskKey === taskKey && (edge.from === executionId || edge.to === executionId),
  );
  const kept = new Set(own);
  const follow = (start: readonly string[], next: "from" | "to") => {
    const here = next === "to" ? "from" : "to";
    const seen = new Set(start);
    for (const id of seen) {
      for (const edge of graph.edges) {
        if (edge[here] !== id || edge[next] === executionId || edge[here] === executionId) continue;
        kept.add(edge);
        seen.add(edge[next]);
      }
    }
  };
  follow(
    own.filter((edge) => edge.to === executionId).map((edge) => edge.from),
    "from",
  );
  follow(
    own.filter((edge) => edge.from === executionId).map((edge) => edge.to),
    "to",
  );
  const edges = graph.edges.filter((edge) => kept.has(edge));
  const ids = new Set([executionId, ...edges.flatMap((edge) => [edge.from, edge.to])]);
  return { ...graph, edges, nodes: graph.nodes.filter((node) => ids.has(node.id)) };
}

/** "version 3"; for a digest its first characters. */
export function versionInWords(version: string): string {
  return `version ${version.length > 16 ? `${version.slice(0, 8)}…` : version}`;
}

export type LineageRow = {
  key: string;
  artifact: LineageNode;
  direction: string;
  execution: LineageNode;
  task: string;
};

/** All uses of artifacts, for the table: "made by" or "used by" an execution. */
export function rowsOf(graph: Graph): LineageRow[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  return graph.edges.flatMap(({ from, to, direction, taskKey }) => {
    const artifact = byId.get(direction === "OUT" ? to : from);
    const execution = byId.get(direction === "OUT" ? from : to);
    if (!artifact || !execution) return [];
    const words = direction === "OUT" ? "made by" : "used by";
    return [{ key: `${from} ${to} ${taskKey}`, artifact, direction: words, execution, task: taskKey ?? "" }];
  });
}
