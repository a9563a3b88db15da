import { useCallback, useState } from "react";

const ASSUMED = 300;

/** The width of the element with the returned ref, in whole pixels; `onWidth` is called with it, too. */
export function useWidth(
  onWidth?: (width: number) => void,
): [(element: HTMLElement | null) => (() => void) | undefined, number] {
  const [width, setWidth] = useState(ASSUMED);
  const ref = useCallback(
    (element: HTMLElement | null) => {
      if (!element) return undefined;
      const measure = () => {
        const measured = Math.round(element.getBoundingClientRect().width) || ASSUMED;
        setWidth(measured);
        onWidth?.(measured);
      };
      measure();
      const observer = new ResizeObserver(measure);
      observer.observe(element);
      return () => observer.disconnect();
    },
    [onWidth],
  );
  return [ref, width];
}
