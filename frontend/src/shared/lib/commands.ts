import type { ReactNode } from "react";
import { Registry } from "./registry";

/** An entry of the palette (Ctrl K): a page to open, or an action on the current screen. */
export type Command = {
  id: string;
  label: string;
  description?: string;
  icon?: ReactNode;
  run: () => void;
};
export type CommandGroup = { name: string; commands: readonly Command[] };

export const commandGroups = new Registry<CommandGroup>();
