import { useEffect } from "react";
import type { Tone } from "@/shared/ui/stateTokens";

const PLAIN = "/favicon.svg";

/** Shows a state as the favicon while the component is mounted; the files are in public/. */
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
