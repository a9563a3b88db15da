import { useState } from "react";
import { WaitingForMeDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { Count } from "@/shared/ui/Count";

/** The number of requests that the viewer may decide now; hidden when there is none. */
export function WaitingForMe() {
  const [count, setCount] = useState({ value: 0, exact: true });
  useLive(WaitingForMeDocument, {}, { onData: ({ approvals }) => setCount(approvals.totalCount) });
  return <Count count={count} of="waiting for you" tone="ask" />;
}
