import { useSyncExternalStore } from "react";

/** The state of the connection. `since`, in ms, is when this phase began (or when the connection was lost). */
export type Link = {
  phase: "connecting" | "live" | "reconnecting" | "offline" | "signed-out";
  since: number;
  /** The number of reconnections: data that was read before the last one may be stale. */
  epoch: number;
  /** The server's reason for ending the session, if it gave one. */
  reason?: string | undefined;
};

export type LinkChange =
  | { type: "opened" | "lost" | "overdue"; at: number }
  | { type: "refused"; at: number; reason?: string | undefined };

export const NOT_YET_LINKED: Link = { phase: "connecting", since: 0, epoch: 0 };

export function moveLink(link: Link, change: LinkChange): Link {
  const wasLost = isLost(link.phase);
  switch (change.type) {
    case "opened":
      if (link.phase === "live") return link;
      return { phase: "live", since: change.at, epoch: wasLost ? link.epoch + 1 : link.epoch };
    case "lost":
      return link.phase === "live" ? { ...link, phase: "reconnecting", since: change.at } : link;
    case "overdue":
      if (link.phase === "connecting") return { ...link, phase: "offline", since: change.at };
      return link.phase === "reconnecting" ? { ...link, phase: "offline" } : link;
    case "refused":
      return { ...link, phase: "signed-out", since: change.at, reason: change.reason ?? link.reason };
  }
}

/** Whether the data on the screen may be out of date. */
export function isLost(phase: Link["phase"]): boolean {
  return phase === "reconnecting" || phase === "offline" || phase === "signed-out";
}

/** The page's connection; components read it with `useLink`. */
export class LinkStore {
  private link = NOT_YET_LINKED;
  private readonly listeners = new Set<() => void>();

  readonly get = (): Link => this.link;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  move(change: LinkChange): void {
    const next = moveLink(this.link, change);
    if (next === this.link) return;
    this.link = next;
    for (const listener of this.listeners) listener();
  }
}

export const link = new LinkStore();

export function useLink(): Link {
  return useSyncExternalStore(link.subscribe, link.get);
}
