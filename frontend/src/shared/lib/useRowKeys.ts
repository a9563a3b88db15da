import { useEffect, useEffectEvent } from "react";
import { isPageKey } from "@/shared/lib/hotkeys";

type Keys = {
  ids: readonly string[];
  selected: string | null;
  select: (id: string | null) => void;
  open: (id: string) => void;
};

/** j and k move, Enter opens, Escape lets go. */
export function useRowKeys({ ids, selected, select, open }: Keys): void {
  const move = (step: number) => {
    const at = selected ? ids.indexOf(selected) : -1;
    select(ids[Math.max(0, Math.min(ids.length - 1, at + step))] ?? null);
  };
  const moves: Record<string, () => void> = {
    j: () => move(1),
    k: () => move(-1),
    Escape: () => select(null),
  };
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (!isPageKey(event)) return;
    moves[event.key]?.();
    if (event.key === "Enter" && selected && !isControl(event.target)) open(selected);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => pressed(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a, button") !== null;
}
