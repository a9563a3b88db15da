import { useEffect, useEffectEvent, useReducer } from "react";
import { useClient } from "urql";
import { ApprovalNowDocument, ApprovalsInboxDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { EMPTY_INBOX, foldInbox } from "./inbox";

/** What waits, live. The request that is `held` open stays to the end; the component is made anew for another choice. */
export function useInbox(mine: boolean, held: string | null) {
  const client = useClient();
  const [inbox, step] = useReducer(foldInbox, EMPTY_INBOX);

  const error = useLive(
    ApprovalsInboxDocument,
    { where: { state: ["PENDING" as const], ...(mine ? { mine } : {}) } },
    { onData: ({ approvals }) => step({ type: "changed", change: approvals, held }) },
  );

  const tell = useEffectEvent(async (id: string) => {
    const { data } = await client.query(ApprovalNowDocument, { id }).toPromise();
    if (data?.node && "votes" in data.node) step({ type: "decided", item: data.node });
  });
  const overtaken = held !== null && inbox.gone.has(held) ? held : null;
  useEffect(() => {
    if (overtaken) void tell(overtaken);
  }, [overtaken]);
  useEffect(() => {
    if (held === null) step({ type: "closed" });
  }, [held]);

  return { inbox, error };
}
