/** Executions that were started from this page, the newest last: the viewer looks for them, so no list holds them back. */
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
