import { useSyncExternalStore } from "react";

/** Dialogs that any screen may open; the shell draws them, so that features do not import each other. */
export type DialogRequest =
  | { kind: "run"; flow?: { namespace: string; key: string } }
  | { kind: "run-again"; execution: { id: string; name: string; namespace: string; flowKey: string } }
  | { kind: "prepare"; execution: { id: string; name: string } }
  | { kind: "keys" }
  | { kind: "preferences" };

let open: DialogRequest | null = null;
const listeners = new Set<() => void>();

function show(request: DialogRequest | null): void {
  open = request;
  for (const listener of listeners) listener();
}

export const openDialog = (request: DialogRequest): void => show(request);
export const closeDialog = (): void => show(null);

export function useDialog(): DialogRequest | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}
