import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useClient } from "urql";
import { records } from "@/entities/execution/useRecord";
import { EventMarksDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { type Event, joined } from "./marks";

const PAGE = 1000;
const NONE: readonly Event[] = [];

/** Every event of an execution so far: read once, in pages, then those that its changes bring. */
export function useEventMarks(id: string): readonly Event[] {
  const client = useClient();
  const { epoch } = useLink();
  const record = useSyncExternalStore(
    useCallback((listener) => records.subscribe(id, listener), [id]),
    () => records.get(id),
  );
  const live = record?.events ?? NONE;
  const [read, setRead] = useState(NONE);
  const readTo = read.at(-1)?.seq ?? 0;
  // Of what lies between the last page and the first change nothing is known yet, as before the first page.
  const hole = record !== undefined && (live[0]?.seq ?? record.seq + 1) > readTo + 1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: after a new link the rest is asked for again
  useEffect(() => {
    if (!hole) return;
    let open = true;
    const ask = async () => {
      let after = readTo;
      for (let more = true; more && open; ) {
        const { data } = await client.query(EventMarksDocument, { id, after }).toPromise();
        const page = data?.execution?.events ?? [];
        if (!open || !page.length) return;
        after = page.at(-1)!.seq;
        more = page.length === PAGE;
        setRead((known) => joined(known, page));
      }
    };
    void ask();
    return () => {
      open = false;
    };
  }, [client, id, hole, epoch]);

  return useMemo(() => joined(read, live), [read, live]);
}
