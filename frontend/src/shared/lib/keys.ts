import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { isPageKey } from "./hotkeys";
import { preferences } from "./preferences";
import { Registry, useOffer } from "./registry";

/** `key` is the value of `KeyboardEvent.key`, or several ones. `words` appear in the list of keyboard shortcuts. */
export type Key = { key: string | readonly string[]; words: string; run: (event: KeyboardEvent) => void };
export type KeyGroup = { name: string; keys: () => readonly Key[] };

export const keyGroups = new Registry<KeyGroup>();

/**
 * Registers keys while the component is mounted; `?` lists them under `name`. The component mounted last has
 * precedence, so that a list within a page may override the page's keys.
 */
export function useKeys(name: string, keys: readonly Key[]): void {
  const current = useRef(keys);
  useLayoutEffect(() => {
    current.current = keys;
  });
  const group = useMemo(() => ({ name, keys: () => current.current }), [name]);
  useOffer(keyGroups, group);
}

/** The page's only key listener: passes each key to the last mounted group that has it. */
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
