import { useSyncExternalStore } from "react";
import { keep, kept } from "@/shared/lib/preferences";

export type PaneView = "timeline" | "graph";
/** The layout of the panes: the tasks' share of the width for each view, and whether they have all of it. */
export type Panes = Record<PaneView, number> & { wide: boolean };

const STORED = "headway.execution.panes";
export const LEAST = 0.25;
export const MOST = 0.75;
/** A graph is wide: it gets five eighths. */
export const USUAL: Record<PaneView, number> = { timeline: 0.5, graph: 0.625 };

let panes: Panes = { ...USUAL, wide: false, ...kept<Partial<Panes>>(STORED) };
const listeners = new Set<() => void>();

export function setPanes(part: Partial<Panes>): void {
  const next = { ...panes, ...part };
  panes = { ...next, timeline: within(next.timeline), graph: within(next.graph) };
  keep(STORED, panes);
  for (const listener of listeners) listener();
}

function within(share: number): number {
  return Math.min(MOST, Math.max(LEAST, share));
}

/** The viewer's layout in this browser, shared by all components. */
export function usePanes(): Panes {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => panes,
  );
}
