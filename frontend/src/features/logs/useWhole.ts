import type { ExecutionRecord } from "@/entities/execution/record";
import { LogLengthDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { isEnded } from "@/shared/ui/stateTokens";
import { type Choice, isNarrowed } from "./choice";
import type { Count } from "./choose";

/**
 * The number of lines of the whole log, where only some are shown: line numbers count all of them. While the execution
 * runs, more may have been written since it was read, so it is not exact then.
 */
export function useWhole(choice: Choice, { head }: ExecutionRecord, seen: number): Count | undefined {
  const narrowed = isNarrowed(choice);
  const { id, moment } = choice;
  const ended = moment !== null || isEnded(head.state);
  const { data } = useRead(LogLengthDocument, { id, moment }, { paused: !narrowed, version: `${ended}` });
  if (!narrowed || !data?.execution) return undefined;
  const last = data.execution.logs.nodes[0]?.line ?? 0;
  return { value: Math.max(last, seen), exact: ended };
}
