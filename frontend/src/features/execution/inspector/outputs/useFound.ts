import type { CombinedError } from "@urql/core";
import { useEffect, useState } from "react";
import { useClient } from "urql";
import { TaskRunOutputsDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useRetry } from "@/shared/graphql/retry";

type Found = { version: number; outputs: unknown };

/**
 * The current outputs of task runs, by id. `wanted` has the version of each: loaded outputs stay, and only task runs
 * that are new or have another version are read, in one request at a time.
 */
export function useFound(wanted: ReadonlyMap<string, number>) {
  const client = useClient();
  const { epoch } = useLink();
  const [found, setFound] = useState<ReadonlyMap<string, Found>>(new Map());
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState<{ key: string; error: CombinedError }>();
  const stale = [...wanted].filter(([id, version]) => found.get(id)?.version !== version);
  const key = `${epoch}|${stale.join("|")}`;
  const rests = asking || !stale.length || failed?.key === key;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` represents the stale ids
  useEffect(() => {
    if (rests) return;
    const ask = async () => {
      setAsking(true);
      const ids = stale.map(([id]) => id);
      const { data, error } = await client.query(TaskRunOutputsDocument, { ids }).toPromise();
      setAsking(false);
      setFailed(error && { key, error });
      if (data) setFound((before) => new Map([...before, ...answered(stale, data.nodes)]));
    };
    void ask();
  }, [client, rests, key]);

  const error = stale.length ? failed?.error : undefined;
  useRetry(error, () => setFailed(undefined));

  return { found, error, loading: stale.length > 0 && !failed };
}

type Nodes = readonly ({ id: string; outputs?: unknown } | null)[];

function answered(requested: readonly (readonly [string, number])[], nodes: Nodes): [string, Found][] {
  const outputs = new Map(nodes.map((node) => [node?.id, node?.outputs]));
  return requested.map(([id, version]) => [id, { version, outputs: outputs.get(id) }]);
}
