import { useReducer } from "react";
import {
  ExecutionLiveDocument,
  ExecutionPageDocument,
  type ExecutionState,
  type ExecutionViewFragment,
} from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { newer } from "@/shared/lib/newer";
import type { ActedOn } from "../actions/registry";

export type View = ExecutionViewFragment;

/** The execution as it is now: read once, then followed; what an action answered is folded in as well. */
export function useExecution(id: string) {
  const { data, error, loading } = useRead(ExecutionPageDocument, { id });
  const [followed, learn] = useReducer(foldView, null);
  const liveError = useLive(
    ExecutionLiveDocument,
    { id },
    { onData: (arrived) => learn({ id, view: arrived.execution }) },
  );

  const read = data?.execution ?? null;
  const live = followed?.id === id ? followed : null;
  const view = live && read ? newer<View>(read, live) : (live ?? read);
  return {
    view,
    neighbours: read,
    missing: !loading && !error && !view,
    error: view ? undefined : (error ?? liveError),
    answered: (execution: ActedOn) => learn({ id, acted: execution }),
  };
}

type Learned = { id: string; view?: View; acted?: ActedOn };

export function foldView(known: View | null, { id, view, acted }: Learned): View | null {
  const current = known?.id === id ? known : null;
  if (view) return newer(current, view);
  if (!current || !acted) return known;
  return newer<View>(current, { ...current, seq: acted.seq, state: acted.state as ExecutionState });
}
