/** Executions started from this page, newest last. Lists show them at once, even while their order is frozen. */
const KEPT = 100;

let own: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

export function addOwn(id: string): void {
  if (own.has(id)) return;
  own = new Set([...own, id].slice(-KEPT));
  for (const listener of listeners) listener();
}

export const getOwn = (): ReadonlySet<string> => own;

export function subscribeToOwn(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
