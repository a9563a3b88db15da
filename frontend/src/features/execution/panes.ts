import { useSyncExternalStore } from "react";
import { keep, kept } from "@/shared/lib/preferences";

/** How the room is divided: the tasks' share of the width, and whether they have all of it. */
export type Panes = { share: number; wide: boolean };

const STORED = "headway.execution.panes";
export const LEAST = 0.25;
export const MOST = 0.75;
export const EVEN = 0.5;

let panes: Panes = { share: EVEN, wide: false, ...kept<Partial<Panes>>(STORED) };
const listeners = new Set<() => void>();

export function setPanes(part: Partial<Panes>): void {
  const share = Math.min(MOST, Math.max(LEAST, part.share ?? panes.share));
  panes = { ...panes, ...part, share };
  keep(STORED, panes);
  for (const listener of listeners) listener();
}

/** One person's choice for this browser, shared by all who draw it. */
export function usePanes(): Panes {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => panes,
  );
}
