import { useEffect, useReducer, useRef, useState } from "react";
import { EventsLiveDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { type Event, foldEvents } from "./events";

const GATHER = 50;

/** The whole history, then what comes. A stream that ended with its execution is taken up again when `seq` has moved on. */
export function useEvents(id: string, seq: number) {
  const [events, add] = useReducer(foldEvents, []);
  const [ended, setEnded] = useState(false);
  const gathered = useRef<Event[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = events.at(-1)?.seq ?? 0;

  // A long history arrives as one message an event: drawn together, not one by one.
  const flush = () => {
    timer.current = undefined;
    add(gathered.current);
    gathered.current = [];
  };

  const error = useLive(
    EventsLiveDocument,
    { id },
    {
      paused: ended,
      resume: () => ({ after: gathered.current.at(-1)?.seq ?? last }),
      onData: (data) => {
        gathered.current.push(data.executionEvents);
        timer.current ??= setTimeout(flush, GATHER);
      },
      onEnd: () => setEnded(true),
    },
  );

  useEffect(() => {
    if (ended && last && seq > last) setEnded(false);
  }, [ended, seq, last]);
  useEffect(() => () => clearTimeout(timer.current), []);

  return { events, error };
}
