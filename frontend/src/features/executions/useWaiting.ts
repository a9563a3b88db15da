import { useMemo, useState } from "react";
import { WaitingForMyDecisionDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";

/** The executions that wait for a decision of the viewer, live; undefined until loaded. */
export function useWaiting(): readonly string[] | undefined {
  const [requests, setRequests] = useState<ReadonlyMap<string, string>>();
  useLive(
    WaitingForMyDecisionDocument,
    {},
    {
      onData: ({ approvals }) =>
        setRequests((before) => {
          const next = new Map(approvals.reset ? [] : before);
          for (const id of approvals.gone) next.delete(id);
          for (const { id, execution } of approvals.changed) next.set(id, execution.id);
          return next;
        }),
    },
  );
  return useMemo(() => requests && [...new Set(requests.values())].sort(), [requests]);
}
