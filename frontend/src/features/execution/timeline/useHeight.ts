import { useCallback, useState } from "react";

/** The height of the element with the returned ref, in whole pixels; `assumed` until it is laid out. */
export function useHeight(
  assumed: number,
): [(element: HTMLElement | null) => (() => void) | undefined, number] {
  const [height, setHeight] = useState<number>();
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return undefined;
    const measure = () => setHeight(Math.round(element.getBoundingClientRect().height) || undefined);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, height ?? assumed];
}
