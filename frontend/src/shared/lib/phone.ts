import { useMediaQuery } from "@mantine/hooks";

/** Whether the window is as narrow as a phone, as the style sheets say it; known at the first drawing. */
export function usePhone(): boolean {
  return useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
}
