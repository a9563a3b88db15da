import { createContext, useContext } from "react";

/** What counts as now, in milliseconds since 1970, where an earlier moment is shown; null where the screen is live. */
export const MomentContext = createContext<number | null>(null);

export function useMoment(): number | null {
  return useContext(MomentContext);
}
