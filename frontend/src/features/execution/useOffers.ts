import { useMemo } from "react";
import { type Availability, type Offer, offersOf } from "@/entities/execution/actions/registry";
import type { Target } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { type ActionsAndWaits, useActionsAndWaits } from "@/entities/execution/useActionsAndWaits";
import { isEnded } from "@/shared/ui/stateTokens";
import { runAgainOf } from "./header/facts";
import type { Known } from "./useFacts";

export type Offered = { offers: readonly Offer[]; target: Target; actionsAndWaits: ActionsAndWaits };

/** The available actions of the execution as it is now, and their target. */
export function useOffers({ head, children }: ExecutionRecord, known: Known): Offered {
  const { id, seq, state, name, labels, namespace, flowKey } = head;
  const actionsAndWaits = useActionsAndWaits(id, seq, state);
  const { available } = actionsAndWaits;
  const again = useMemo(() => runAgainOf(head, known), [head, known]);
  const offers = useMemo(() => {
    const all: Availability[] = again && available.length ? [...available, again] : [...available];
    return offersOf(all);
  }, [available, again]);
  const target = useMemo<Target>(
    () => ({
      id,
      name,
      state,
      labels,
      flow: { namespace, key: flowKey },
      children: [...children.values()].filter((child) => !isEnded(child.state)).length,
    }),
    [id, name, state, labels, namespace, flowKey, children],
  );
  return { offers, target, actionsAndWaits };
}
