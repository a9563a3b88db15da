import { IconListDetails, IconThumbUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { WaitingForMe } from "@/features/approvals/WaitingForMe";
import { ExecutingNow } from "@/features/executions/ExecutingNow";

export type Area = {
  name: string;
  to: "/executions" | "/approvals";
  icon: ReactNode;
  /** How many there are that somebody should know of; live. */
  count?: ReactNode;
  /** The key that goes there: digits, since letters are for what a screen does. */
  key: string;
};

/** The areas of the page, in the order of the rail: the rail, the phone's bar and the palette are made of this. */
export const AREAS: readonly Area[] = [
  {
    name: "Executions",
    to: "/executions",
    icon: <IconListDetails size={18} stroke={1.75} aria-hidden />,
    count: <ExecutingNow />,
    key: "1",
  },
  {
    name: "Approvals",
    to: "/approvals",
    icon: <IconThumbUp size={18} stroke={1.75} aria-hidden />,
    count: <WaitingForMe />,
    key: "2",
  },
];
