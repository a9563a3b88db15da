import { useMediaQuery } from "@mantine/hooks";

/** Whether the window is as narrow as a phone, by the same limit as the style sheets; known at the first rendering. */
export function usePhone(): boolean {
  return useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
}
