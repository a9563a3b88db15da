import { useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { useSelection } from "../useSelection";
import { defaultTab, shownTab, type Tab, type TabProps } from "./tabs";

/** The part of a URL that names lines of the log, as `#L10-L20`. */
const LINE = /^#?L\d/;

/**
 * The tab of the URL, else the log where the URL names log lines, else the most likely tab of the selection. The last
 * one stays until the selection changes, so that the log does not close when its task ends.
 */
export function useShownTab(selected: Pick<TabProps, "record" | "taskRun">, wanted: string | undefined): Tab {
  const of = selected.taskRun?.id;
  const [first, setFirst] = useState(() => ({ of, tab: defaultTab(selected) }));
  if (first.of !== of) setFirst({ of, tab: defaultTab(selected) });
  const { find, level, stream } = useSelection();
  const isLine = useLocation({ select: ({ hash }) => LINE.test(hash) });
  const isOfLog = isLine || [find, level, stream].some((one) => one !== undefined);
  if (isOfLog && wanted === undefined) return "logs";
  return shownTab(selected, wanted ?? (first.of === of ? first.tab : undefined));
}
