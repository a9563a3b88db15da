import { useMemo } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { OutputsThenDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { useSelection } from "../../useSelection";
import { GIVES_OUTPUTS, lastOfEach } from "../version";
import { useFound } from "./useFound";

const NONE: ReadonlyMap<string, number> = new Map();

/** The outputs of task runs by id, now or at the chosen moment; read again when one of these sets others. */
export function useOutputs(record: ExecutionRecord, taskRuns: readonly TaskRunRow[]) {
  const { at } = useSelection();
  const ids = taskRuns.map((one) => one.id);
  const now = useFound(at === undefined ? lastOfEach(record, GIVES_OUTPUTS, ids) : NONE);
  const then = useRead(
    OutputsThenDocument,
    { id: record.head.id, at: at ?? null },
    { paused: at === undefined },
  );
  const outputs = useMemo(() => {
    if (at === undefined) return new Map([...now.found].map(([id, { outputs }]) => [id, outputs]));
    return new Map(then.data?.execution?.taskRuns.map((one) => [one.id, one.outputs]));
  }, [at, now.found, then.data]);
  const { error, loading } = at === undefined ? now : then;
  const isKnown = ids.some((id) => outputs.has(id));
  return { outputs, error, loading: loading && !isKnown && ids.length > 0 };
}
