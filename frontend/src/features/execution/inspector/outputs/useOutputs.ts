import { useMemo } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { OutputsThenDocument, TaskRunOutputsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { useSelection } from "../../useSelection";
import { GIVES_OUTPUTS, lastOf } from "../version";

/** The outputs of task runs by id, as they are now or at the chosen moment; read anew when one of these gives others. */
export function useOutputs(record: ExecutionRecord, taskRuns: readonly TaskRunRow[]) {
  const { at } = useSelection();
  const ids = taskRuns.map((one) => one.id);
  const now = useRead(
    TaskRunOutputsDocument,
    { ids },
    { version: lastOf(record, GIVES_OUTPUTS, new Set(ids)), paused: at !== undefined || !ids.length },
  );
  const then = useRead(
    OutputsThenDocument,
    { id: record.head.id, at: at ?? null },
    { paused: at === undefined },
  );
  const outputs = useMemo(() => {
    const found = at === undefined ? now.data?.nodes : then.data?.execution?.taskRuns;
    return new Map(
      found?.flatMap((one) => (one && "outputs" in one ? [[one.id, one.outputs] as const] : [])),
    );
  }, [at, now.data, then.data]);
  const { error, loading } = at === undefined ? now : then;
  return { outputs, error, loading: loading && ids.length > 0 };
}
