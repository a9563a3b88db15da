import { useEffect, useEffectEvent } from "react";
import { isPageKey } from "@/shared/lib/hotkeys";

/** `a` goes to the comment of the request that `open` opens, as on an execution's page. */
export function useCommentKey(open: () => void): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.key !== "a" || !isPageKey(event)) return;
    event.preventDefault();
    open();
    document.querySelector<HTMLElement>("[data-approval-comment]")?.focus();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => pressed(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
