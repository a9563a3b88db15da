import { useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { defaultTab, shownTab, type Tab, type TabProps } from "./tabs";

/** The part of an address that names lines of the log, as `#L10-L20`. */
const LINE = /^#?L\d/;

/**
 * The address's tab, else the log where the address names its lines, else what is likely wanted of what is selected; that stays while the selection does, so that the
 * log which one reads does not go away when its task ends.
 */
export function useShownTab(selected: Pick<TabProps, "record" | "taskRun">, wanted: string | undefined): Tab {
  const of = selected.taskRun?.id;
  const [first, setFirst] = useState(() => ({ of, tab: defaultTab(selected) }));
  if (first.of !== of) setFirst({ of, tab: defaultTab(selected) });
  const isLine = useLocation({ select: ({ hash }) => LINE.test(hash) });
  if (isLine && wanted === undefined) return "logs";
  return shownTab(selected, wanted ?? (first.of === of ? first.tab : undefined));
}
