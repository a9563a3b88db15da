import { useEffect, useState } from "react";

const AT_TOP = 8;

/** Whether the order must be frozen: the viewer has scrolled down, points at a row, or has selected one. */
export function useHold(busy: boolean): {
  hold: boolean;
  pointer: { onPointerEnter: (event: { pointerType: string }) => void; onPointerLeave: () => void };
} {
  const [scrolled, setScrolled] = useState(() => window.scrollY > AT_TOP);
  const [pointed, setPointed] = useState(false);

  useEffect(() => {
    const look = () => setScrolled(window.scrollY > AT_TOP);
    window.addEventListener("scroll", look, { passive: true });
    return () => window.removeEventListener("scroll", look);
  }, []);

  return {
    hold: scrolled || pointed || busy,
    pointer: {
      onPointerEnter: (event) => setPointed(event.pointerType === "mouse"),
      onPointerLeave: () => setPointed(false),
    },
  };
}
