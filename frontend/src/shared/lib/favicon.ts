import { useEffect } from "react";
import type { Tone } from "@/shared/ui/stateTokens";

const PLAIN = "/favicon.svg";

/** Shows a state in the browser's tab while the component lives; the files stand in public/. */
export function useFavicon(tone: Tone | undefined): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link || !tone) return;
    link.href = `/favicon-${tone}.svg`;
    return () => {
      link.href = PLAIN;
    };
  }, [tone]);
}
