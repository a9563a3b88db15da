import { useState } from "react";
import { WaitingForMeDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import classes from "./Inbox.module.css";

/** How many requests the viewer may decide now; nothing when there is none. */
export function WaitingForMe() {
  const [count, setCount] = useState({ value: 0, exact: true });
  useLive(WaitingForMeDocument, {}, { onData: ({ approvals }) => setCount(approvals.totalCount) });
  if (!count.value) return null;
  return (
    <span className={classes.badge}>
      {count.value}
      {count.exact ? "" : "+"}
      <span className="hw-hidden"> waiting for you</span>
    </span>
  );
}
