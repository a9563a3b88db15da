import { useEffect, useReducer } from "react";
import { useClient } from "urql";
import { ApprovalNowDocument, ApprovalsInboxDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { untilAnswered } from "@/shared/graphql/retry";
import { EMPTY_INBOX, foldInbox } from "./inbox";

/** The inbox, live. The request `held` open stays until closed; the component is remounted for another filter. */
export function useInbox(mine: boolean, held: string | null) {
  const client = useClient();
  const [inbox, step] = useReducer(foldInbox, EMPTY_INBOX);

  const error = useLive(
    ApprovalsInboxDocument,
    { where: { state: ["PENDING" as const], ...(mine ? { mine } : {}) } },
    { onData: ({ approvals }) => step({ type: "changed", change: approvals, held }) },
  );

  const overtaken = held !== null && inbox.gone.has(held) ? held : null;
  useEffect(() => {
    if (!overtaken) return;
    const left = new AbortController();
    const ask = () => client.query(ApprovalNowDocument, { id: overtaken }).toPromise();
    void untilAnswered(ask, () => {}, left.signal).then((data) => {
      if (data?.node && "votes" in data.node) step({ type: "decided", item: data.node });
    });
    return () => left.abort();
  }, [client, overtaken]);
  useEffect(() => {
    if (held === null) step({ type: "closed" });
  }, [held]);

  return { inbox, error };
}
