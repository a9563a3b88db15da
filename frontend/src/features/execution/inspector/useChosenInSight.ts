import { type RefObject, useEffect, useRef } from "react";

/**
 * Scrolls a list of tabs sideways so that the chosen one is in its middle, when another is chosen or the width of the
 * list changes. Only the list scrolls, never the page around it.
 */
export function useChosenInSight(chosen: string): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab may be out of view
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const centre = () => {
      const tab = element.querySelector<HTMLElement>("[aria-selected=true]");
      if (tab) element.scrollLeft = tab.offsetLeft - (element.clientWidth - tab.offsetWidth) / 2;
    };
    centre();
    const observer = new ResizeObserver(centre);
    observer.observe(element);
    return () => observer.disconnect();
  }, [chosen]);
  return list;
}
