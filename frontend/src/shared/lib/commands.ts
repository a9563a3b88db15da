import type { ReactNode } from "react";
import { Registry } from "./registry";

/** What Ctrl K offers: a place to go, or something to do with what is on the screen. */
export type Command = {
  id: string;
  label: string;
  description?: string;
  icon?: ReactNode;
  run: () => void;
};
export type CommandGroup = { name: string; commands: readonly Command[] };

export const commandGroups = new Registry<CommandGroup>();
