import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { isPageKey } from "./hotkeys";
import { preferences } from "./preferences";
import { Registry, useOffer } from "./registry";

/** `key` is as `KeyboardEvent.key` gives it; several may do the same. `words` stand in the list of keys. */
export type Key = { key: string | readonly string[]; words: string; run: (event: KeyboardEvent) => void };
export type KeyGroup = { name: string; keys: () => readonly Key[] };

export const keyGroups = new Registry<KeyGroup>();

/**
 * Keys that work while the component lives, shown by `?` under a name. The component that came last goes first,
 * so that a list within a page may use the page's keys for itself.
 */
export function useKeys(name: string, keys: readonly Key[]): void {
  const current = useRef(keys);
  useLayoutEffect(() => {
    current.current = keys;
  });
  const group = useMemo(() => ({ name, keys: () => current.current }), [name]);
  useOffer(keyGroups, group);
}

/** The page's one listener: gives each key to the group that came last and knows it. */
export function useKeyboard(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!preferences.get().keys || !isPageKey(event)) return;
      for (const group of [...keyGroups.get()].reverse()) {
        const found = group.keys().find((one) => keysOf(one).includes(event.key));
        if (!found) continue;
        event.preventDefault();
        return found.run(event);
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}

export function keysOf(key: Key): readonly string[] {
  return typeof key.key === "string" ? [key.key] : key.key;
}
