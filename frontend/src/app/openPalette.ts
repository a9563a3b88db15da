import { useEffect, useSyncExternalStore } from "react";

// The palette is loaded when it is first asked for, so who asks for it must not import it.
let asked = 0;
const listeners = new Set<() => void>();

export function openPalette(): void {
  asked += 1;
  for (const listener of listeners) listener();
}

/** As if it had not been asked for: what could not be loaded is loaded when it is asked for again. */
export function forgetPalette(): void {
  asked = 0;
  for (const listener of listeners) listener();
}

/** How often the palette was asked for. */
export function useAsked(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
}

export function useWasOpened(): boolean {
  return useAsked() > 0;
}

/** Ctrl K, or ⌘ K on a Mac, also while somebody types. */
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
