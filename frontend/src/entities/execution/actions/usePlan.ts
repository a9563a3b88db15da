import { useEffect, useState } from "react";
import { useClient } from "urql";
import { type Outcome, perform } from "./perform";
import type { ActionSpec } from "./registry";

/** The plan of the action, read once when its dialog opens; null for actions without one. */
export function usePlan(spec: ActionSpec, input: Record<string, unknown>): Outcome | null {
  const client = useClient();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const key = JSON.stringify(input);
  useEffect(() => {
    if (!spec.planned) return;
    let wanted = true;
    void perform(client, spec, { ...JSON.parse(key), plan: true }).then((found) => {
      if (wanted) setOutcome(found);
    });
    return () => {
      wanted = false;
    };
  }, [client, spec, key]);
  return outcome;
}
