import { useEffect } from "react";

/** Names the browser's tab after what is on the screen: "✗ orders-etl-e3ea11 · Headway". */
export function useTitle(name: string | undefined): void {
  useEffect(() => {
    document.title = name ? `${name} · Headway` : "Headway";
    return () => {
      document.title = "Headway";
    };
  }, [name]);
}
