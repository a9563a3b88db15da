import { useEffect } from "react";

/** Sets the title of the browser's tab: "✗ orders-etl-e3ea11 · Headway". */
export function useTitle(name: string | undefined): void {
  useEffect(() => {
    document.title = name ? `${name} · Headway` : "Headway";
    return () => {
      document.title = "Headway";
    };
  }, [name]);
}
