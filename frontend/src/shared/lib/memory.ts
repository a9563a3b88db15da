/**
 * A cache of data that screens have read, by key, kept when they close. The least recently used keys are evicted.
 * Components subscribe to one key; a value is replaced, never changed in place.
 */
export class Memory<Value> {
  private readonly values = new Map<string, Value>();
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(private readonly most: number) {}

  get(key: string): Value | undefined {
    return this.values.get(key);
  }

  set(key: string, value: Value): void {
    if (this.values.get(key) === value) return;
    this.values.delete(key);
    this.values.set(key, value);
    for (const old of this.values.keys()) {
      if (this.values.size <= this.most) break;
      if (!this.listeners.has(old)) this.values.delete(old);
    }
    for (const listener of this.listeners.get(key) ?? []) listener();
  }

  delete(key: string): void {
    if (!this.values.delete(key)) return;
    for (const listener of this.listeners.get(key) ?? []) listener();
  }

  subscribe(key: string, listener: () => void): () => void {
    const own = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, own.add(listener));
    return () => {
      own.delete(listener);
      if (!own.size) this.listeners.delete(key);
    };
  }
}
