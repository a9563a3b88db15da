import { useSyncExternalStore } from "react";

/** The viewer's preferences for this browser. */
export type Preferences = {
  /** The time zone of all shown times. */
  zone: "local" | "utc";
  /** Whether single-key shortcuts are on. */
  keys: boolean;
};

const STORED = "headway.preferences";
const DEFAULTS: Preferences = { zone: "local", keys: true };

class Store {
  private chosen: Preferences = { ...DEFAULTS, ...stored() };
  private readonly listeners = new Set<() => void>();

  readonly get = (): Preferences => this.chosen;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(part: Partial<Preferences>): void {
    this.chosen = { ...this.chosen, ...part };
    keep(STORED, this.chosen);
    for (const listener of this.listeners) listener();
  }
}

/** Reads a value stored under a name in this browser; undefined when there is none, or storage is not allowed. */
export function kept<Value>(name: string): Value | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Storage may be not allowed or full: the choice then lasts until the page is left.
  }
}

function stored(): Partial<Preferences> {
  return kept<Partial<Preferences>>(STORED) ?? {};
}

export const preferences = new Store();

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}
