import { useMemo } from "react";
import { type Availability, type Offer, offersOf } from "@/entities/execution/actions/registry";
import type { Target } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { type Standing, useStanding } from "@/entities/execution/useStanding";
import { isEnded } from "@/shared/ui/stateTokens";
import { runAgainOf } from "./header/facts";
import type { Known } from "./useFacts";

export type Offered = { offers: readonly Offer[]; target: Target; standing: Standing };

/** What may be done with the execution as it is now, and what that is done to. */
export function useOffers({ head, children }: ExecutionRecord, known: Known): Offered {
  const { id, seq, state, name, labels, namespace, flowKey } = head;
  const standing = useStanding(id, seq, state);
  const { available } = standing;
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
  return { offers, target, standing };
}
