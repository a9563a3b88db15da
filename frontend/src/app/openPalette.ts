import { useEffect, useSyncExternalStore } from "react";

// The palette is loaded when it is first opened, so its openers must not import it.
let requests = 0;
const listeners = new Set<() => void>();

export function openPalette(): void {
  requests += 1;
  for (const listener of listeners) listener();
}

/** Resets the count, so that a palette that failed to load is loaded when it is opened again. */
export function forgetPalette(): void {
  requests = 0;
  for (const listener of listeners) listener();
}

/** How many times the palette has been opened. */
export function usePaletteRequests(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => requests,
  );
}

export function useWasOpened(): boolean {
  return usePaletteRequests() > 0;
}

/** Registers Ctrl K, or ⌘ K on a Mac, which also works while the user types. */
export function usePaletteKey(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      openPalette();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
