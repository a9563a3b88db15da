import { useEffect, useEffectEvent, useState } from "react";
import {
  type AvailableFragment,
  ExecutionStandingDocument,
  type WaitingReasonFragment,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

const AT_MOST_EVERY = 1_000;

export type Standing = {
  available: readonly AvailableFragment[];
  waitingFor: readonly WaitingReasonFragment[];
  /** False until the server has said so for the first time. */
  known: boolean;
};

const UNKNOWN: Standing = { available: [], waitingFor: [], known: false };

/**
 * What the viewer may do, and why the execution stands still. The server works that out, so it is read anew when the
 * execution changed, at most once a second; a change of its state is asked about at once.
 */
export function useStanding(id: string, seq: number, state: string): Standing {
  const { data } = useRead(
    ExecutionStandingDocument,
    { id },
    { version: `${state}|${useSettled(seq, AT_MOST_EVERY)}` },
  );
  const found = data?.execution;
  return found ? { available: found.availableActions, waitingFor: found.waitingFor, known: true } : UNKNOWN;
}

/** The value, followed at most once in a time. */
export function useSettled<Value extends string | number>(value: Value, ms: number): Value {
  const [settled, setSettled] = useState(value);
  const take = useEffectEvent(() => setSettled(value));
  const differs = settled !== value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a value that was taken starts the next time
  useEffect(() => {
    if (!differs) return;
    const timer = setTimeout(take, ms);
    return () => clearTimeout(timer);
  }, [differs, settled, ms]);
  return settled;
}
