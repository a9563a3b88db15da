import type { ExecutionState, ExecutionViewFragment } from "@/shared/graphql/gen/graphql";
import { newer } from "@/shared/lib/newer";
import type { ActedOn } from "../actions/registry";

export type View = ExecutionViewFragment;

/** The newest of what was read, what the subscription brought, and what an action answered. */
export function viewOf(read: View | null, live: View | null, acted: ActedOn | null): View | null {
  const view = live && read ? newer(read, live) : (live ?? read);
  if (!view || !acted || acted.seq <= view.seq) return view;
  return { ...view, seq: acted.seq, state: acted.state as ExecutionState };
}
