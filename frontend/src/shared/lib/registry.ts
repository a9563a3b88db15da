import { useEffect, useSyncExternalStore } from "react";

/** Entries that mounted components currently provide, in the order of mounting: keys, commands. */
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

/** Registers an entry while the component is mounted. The entry must keep its identity between renders. */
export function useOffer<Entry>(registry: Registry<Entry>, entry: Entry): void {
  useEffect(() => registry.add(entry), [registry, entry]);
}
