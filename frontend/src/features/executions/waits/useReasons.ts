import { useEffect, useEffectEvent, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { WaitReasonsDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useRetry } from "@/shared/graphql/retry";
import type { Rows } from "../rows/rows";
import { mayWait, type Reason, reasonOf } from "./reason";

const AT_MOST_EVERY = 2_000;
const MOST = 100;
export type Reasons = ReadonlyMap<string, Reason>;
export const NO_REASONS: Reasons = new Map();

/**
 * Why visible rows wait. The server computes the reasons per row, so they are not part of the list: they are read for
 * these rows only, at most every two seconds: again when the row changed, and while it is queued when any row changed.
 */
export function useReasons(
  rows: Rows,
  ids: readonly string[],
  onReasons: (change: (before: Reasons) => Reasons) => void,
): void {
  const client = useClient();
  const { epoch } = useLink();
  const waiting = ids.filter((id) => mayWait(rows.byId.get(id)!)).slice(0, MOST);
  const key = waiting.map((id) => `${id} ${rows.byId.get(id)!.seq}`).join();
  const last = useRef(0);
  const [failed, setFailed] = useState<CombinedError>();
  const answered = useRef(new Map<string, number>());

  const read = useEffectEvent(async () => {
    const due = waiting.filter((id) => {
      const { state, seq } = rows.byId.get(id)!;
      return state === "QUEUED" || answered.current.get(id) !== seq;
    });
    if (!due.length) return;
    last.current = Date.now();
    const asking = client.query(WaitReasonsDocument, { ids: due, first: due.length });
    const { data, error } = await asking.toPromise();
    setFailed(error);
    if (!data) return;
    for (const { id, seq } of data.executions.nodes) answered.current.set(id, seq);
    onReasons((before) => {
      const next = new Map(before);
      for (const id of due) next.delete(id);
      for (const { id, waitingFor } of data.executions.nodes) {
        const reason = reasonOf(rows.byId.get(id)!, waitingFor);
        if (reason) next.set(id, reason);
      }
      return next;
    });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the list may have moved the queue that a row waits in
  useEffect(() => {
    if (!key) return;
    const timer = setTimeout(() => void read(), Math.max(0, last.current + AT_MOST_EVERY - Date.now()));
    return () => clearTimeout(timer);
  }, [key, rows, epoch]);
  useRetry(key ? failed : undefined, () => void read());
}
