import { useEffect, useState } from "react";
import { useSelection } from "../useSelection";
import type { useEvents } from "./useEvents";

export type Wanted = { seq: number };

/**
 * Reads earlier pages until the wanted event is loaded. An event that is not of the selected task is shown with those
 * of the whole execution.
 */
export function useWanted(
  { events, loading, hasEarlier, readEarlier }: ReturnType<typeof useEvents>,
  taskRunId: string | undefined,
) {
  const [wanted, want] = useState<Wanted>();
  const { select } = useSelection();
  const first = events[0]?.seq;
  const isMissing = wanted !== undefined && !loading && !events.some(({ seq }) => seq === wanted.seq);
  const isEarlier = isMissing && hasEarlier && first !== undefined && wanted.seq < first;
  useEffect(() => {
    if (isEarlier) void readEarlier();
  }, [isEarlier, readEarlier]);
  const isElsewhere = isMissing && !isEarlier && taskRunId !== undefined;
  useEffect(() => {
    if (isElsewhere) select({ task: "", attempt: undefined, tab: "events" });
  }, [isElsewhere, select]);
  return [wanted, (seq: number) => want({ seq })] as const;
}
