import { useEffect, useEffectEvent, useState } from "react";
import {
  type AvailableFragment,
  ExecutionActionsAndWaitsDocument,
  type WaitingReasonFragment,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

const AT_MOST_EVERY = 1_000;

export type ActionsAndWaits = {
  available: readonly AvailableFragment[];
  waitingFor: readonly WaitingReasonFragment[];
  /** False until the server has answered for the first time. */
  known: boolean;
};

const UNKNOWN: ActionsAndWaits = { available: [], waitingFor: [], known: false };

/**
 * The viewer's available actions, and why the execution waits. The server computes both, so they are read again when
 * the execution changes: at once after a change of its state, else at most once a second.
 */
export function useActionsAndWaits(id: string, seq: number, state: string): ActionsAndWaits {
  const { data } = useRead(
    ExecutionActionsAndWaitsDocument,
    { id },
    { version: `${state}|${useSettled(seq, AT_MOST_EVERY)}` },
  );
  const found = data?.execution;
  return found ? { available: found.availableActions, waitingFor: found.waitingFor, known: true } : UNKNOWN;
}

/** The value, updated at most once per interval. */
export function useSettled<Value extends string | number>(value: Value, ms: number): Value {
  const [settled, setSettled] = useState(value);
  const take = useEffectEvent(() => setSettled(value));
  const differs = settled !== value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new value starts the next interval
  useEffect(() => {
    if (!differs) return;
    const timer = setTimeout(take, ms);
    return () => clearTimeout(timer);
  }, [differs, settled, ms]);
  return settled;
}
