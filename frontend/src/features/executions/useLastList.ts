import { useRouter } from "@tanstack/react-router";
import { useEffectEvent, useLayoutEffect } from "react";
import { lastList } from "@/shared/lib/lastList";
import type { Search } from "./address";

/** Stores this list for links back to it, and restores the scroll position when one of them was followed. */
export function useLastList(search: Search): void {
  const router = useRouter();
  useLayoutEffect(() => {
    lastList.search = search;
  }, [search]);

  const goOn = useEffectEvent(() => {
    if (router.latestLocation.state.place) window.scrollTo({ top: lastList.top });
  });
  useLayoutEffect(() => {
    goOn();
    const look = () => {
      lastList.top = window.scrollY;
    };
    look();
    window.addEventListener("scroll", look, { passive: true });
    return () => window.removeEventListener("scroll", look);
  }, []);
}
