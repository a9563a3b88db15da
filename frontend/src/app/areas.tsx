import { IconListDetails, IconThumbUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { WaitingForMe } from "@/features/approvals/WaitingForMe";
import { ExecutingNow } from "@/features/executions/ExecutingNow";

export type Area = {
  name: string;
  to: "/executions" | "/approvals";
  icon: ReactNode;
  /** A live count of items that need attention. */
  count?: ReactNode;
  /** The key that opens it: a digit, because letters belong to the actions of a screen. */
  key: string;
};

/** The areas of the page, in order, for the rail, the phone's bar and the palette. */
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
