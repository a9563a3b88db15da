import { useReducer, useState } from "react";
import { ExecutionLiveDocument, ExecutionPageDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { newer } from "@/shared/lib/newer";
import type { ActedOn } from "../actions/registry";
import { type View, viewOf } from "./view";

/** The execution as it is now: read once, then followed. The component is made anew for another id. */
export function useExecution(id: string) {
  const [turn, setTurn] = useState(0);
  const { data, error, loading } = useRead(ExecutionPageDocument, { id }, { version: turn });
  const [live, learn] = useReducer((known: View | null, arrived: View) => newer(known, arrived), null);
  const [acted, setActed] = useState<ActedOn | null>(null);
  const liveError = useLive(ExecutionLiveDocument, { id }, { onData: (arrived) => learn(arrived.execution) });

  const neighbours = data?.execution ?? null;
  const view = viewOf(neighbours, live, acted);
  return {
    view,
    neighbours,
    missing: !loading && !error && !view,
    error: view ? undefined : (error ?? liveError),
    answered: (execution: ActedOn) => {
      setActed(execution);
      setTurn((before) => before + 1);
    },
  };
}
