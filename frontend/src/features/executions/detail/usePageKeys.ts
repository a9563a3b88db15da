import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import type { ExecutionPageQuery } from "@/shared/graphql/gen/graphql";
import { isPageKey } from "@/shared/lib/hotkeys";
import { offersOf } from "../actions/registry";
import type { Actions } from "../actions/useActions";
import type { View } from "./view";

/** The registry's keys, `[` and `]` for the flow's executions before and after, `a` for the approval's comment. */
export function usePageKeys(
  view: View | null,
  neighbours: ExecutionPageQuery["execution"],
  start: Actions["start"],
): void {
  const navigate = useNavigate();
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (!view || !isPageKey(event)) return;
    const neighbour = { "[": neighbours?.previous, "]": neighbours?.next }[event.key];
    if (neighbour) return void navigate({ to: "/executions/$id", params: { id: neighbour.id }, search: {} });
    if (event.key === "a") {
      const comment = document.querySelector<HTMLElement>("[data-approval-comment]");
      if (comment) event.preventDefault();
      return comment?.focus();
    }
    const offer = offersOf(view.availableActions).find((one) => one.spec.key === event.key && one.allowed);
    if (offer) {
      event.preventDefault();
      start(offer.spec, view);
    }
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => pressed(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
