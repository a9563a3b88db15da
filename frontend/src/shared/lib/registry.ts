import { useEffect, useSyncExternalStore } from "react";

/** What mounted components offer at the moment, in the order in which they came: keys, commands. */
export class Registry<Entry> {
  private entries: readonly Entry[] = [];
  private readonly listeners = new Set<() => void>();

  readonly get = (): readonly Entry[] => this.entries;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(entry: Entry): () => void {
    this.change([...this.entries, entry]);
    return () => this.change(this.entries.filter((one) => one !== entry));
  }

  private change(entries: readonly Entry[]): void {
    this.entries = entries;
    for (const listener of this.listeners) listener();
  }
}

export function useEntries<Entry>(registry: Registry<Entry>): readonly Entry[] {
  return useSyncExternalStore(registry.subscribe, registry.get);
}

/** Offers an entry while the component lives. The entry must keep its identity between renders. */
export function useOffer<Entry>(registry: Registry<Entry>, entry: Entry): void {
  useEffect(() => registry.add(entry), [registry, entry]);
}
