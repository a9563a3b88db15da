import { useEffect, useEffectEvent, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { OlderExecutionsDocument, RunningStatesDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useLive } from "@/shared/graphql/live";
import { useRetry } from "@/shared/graphql/retry";
import { foldList, listOf } from "./lists";
import { staleOf } from "./rows";
import { againOf, keyOf, type Wanted, WINDOW } from "./wanted";

const AT_MOST_EVERY = 2_000;

/**
 * Reads the rows below the window again, which no subscription follows: all of them on return and after a reconnect,
 * later those that have not ended, whenever executions changed state or the list did (`version`).
 */
export function useTail(wanted: Wanted, version: number): void {
  const client = useClient();
  const { epoch } = useLink();
  const key = keyOf(wanted);
  const [changes, setChanges] = useState(0);
  const [failed, setFailed] = useState<CombinedError>();
  const paused = wanted.paused ?? false;
  const open = staleOf(listOf(key).rows, false).length;
  useLive(RunningStatesDocument, {}, { paused: open === 0, onData: () => setChanges((count) => count + 1) });

  const last = useRef({ at: 0, whole: "", busy: false });
  const read = useEffectEvent(async () => {
    const now = last.current;
    const whole = `${epoch}|${key}`;
    if (now.busy) return setChanges((count) => count + 1);
    const ids = staleOf(listOf(key).rows, now.whole !== whole);
    Object.assign(now, { at: Date.now(), whole, busy: true });
    for (let at = 0; at < ids.length; at += WINDOW) {
      const requested = ids.slice(at, at + WINDOW);
      const again = againOf(wanted, requested);
      const { data, error } = await client.query(OlderExecutionsDocument, again).toPromise();
      setFailed(error);
      if (!data) {
        now.whole = "";
        break;
      }
      foldList(key, { type: "reread", requested, rows: data.executions.nodes });
    }
    now.busy = false;
  });
  useRetry(paused ? undefined : failed, () => setChanges((count) => count + 1));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the list or of a state triggers a new read
  useEffect(() => {
    if (paused) return;
    const wait = Math.max(0, last.current.at + AT_MOST_EVERY - Date.now());
    const timer = setTimeout(() => void read(), wait);
    return () => clearTimeout(timer);
  }, [key, epoch, version, changes, paused]);
}
