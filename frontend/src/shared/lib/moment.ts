import { createContext, useContext } from "react";

/** The shown moment, in milliseconds since 1970, which replaces the current time; null where the screen is live. */
export const MomentContext = createContext<number | null>(null);

export function useMoment(): number | null {
  return useContext(MomentContext);
}
