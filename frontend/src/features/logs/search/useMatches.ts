import { useEffect, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { pipe, subscribe, take } from "wonka";
import { type LogLevel, LogSearchDocument } from "@/shared/graphql/gen/graphql";
import { useLink } from "@/shared/graphql/link";
import { useRetry } from "@/shared/graphql/retry";
import { stripAnsi } from "@/shared/lib/ansi";
import { type Choice, LEVELS, type Line } from "../choice";
import type { LogStore } from "../store/logStore";
import { added, type Found, MOST, NOTHING_YET } from "./matches";

export type Wanted = { text: string | null; minLevel: LogLevel | null };
export type Matches = Found & { error: CombinedError | undefined };

/** Searches the log call by call to its end; another search cancels this one. Lines written meanwhile are matched here. */
export function useMatches(
  choice: Choice,
  wanted: Wanted | null,
  store: LogStore | undefined,
  most = MOST,
): Matches {
  const client = useClient();
  const { epoch } = useLink();
  const key = wanted && store ? JSON.stringify([choice, wanted]) : "";
  const [state, setState] = useState<Matches & { key: string }>({
    ...NOTHING_YET,
    error: undefined,
    key: "",
  });

  const last = useRef({ key, found: NOTHING_YET });
  const [round, setRound] = useState(0);
  useRetry(state.key === key ? state.error : undefined, () => setRound((before) => before + 1));

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key represents the search; a failed call is made again
  useEffect(() => {
    if (!wanted || !store) return;
    // If the log was opened again, the search continues from its position: lines may have been written in between.
    let { found } = last.current.key === key ? last.current : { found: NOTHING_YET };
    let end = () => {};
    let asking = false;
    let arrived = 0; // the last line that arrived during a request, whose response may not include it
    const show = (next: Found, error?: CombinedError) => {
      found = next;
      last.current = { key, found };
      setState({ ...next, error, key });
    };
    const ask = () => {
      asking = true;
      const minLevel = higher(choice.minLevel, wanted.minLevel);
      const variables = { ...choice, minLevel, text: wanted.text, after: found.searchedTo };
      const answers = pipe(
        client.query(LogSearchDocument, variables),
        take(1),
        subscribe(({ data, error }) => {
          asking = false;
          const answer = data?.execution?.logMatches;
          if (!answer) return show(found, error);
          show(added(found, answer, most));
          if (!found.stopped && (!found.complete || arrived > found.searchedTo)) ask();
        }),
      );
      end = answers.unsubscribe;
    };
    const onLines = (lines: readonly Line[]) => {
      arrived = Math.max(arrived, lines.at(-1)?.line ?? 0);
      if (found.complete && !asking) show(grown(found, lines, wanted, choice.minLevel, most));
    };
    if (!found.stopped) ask();
    const unsubscribe = store.onLines(onLines);
    return () => {
      end();
      unsubscribe();
    };
  }, [client, key, most, store, epoch, round]);

  return state.key === key ? state : { ...NOTHING_YET, error: undefined };
}

/** Adds matches among lines that arrived after the search had reached the end; stops once there are too many. */
export function grown(
  found: Found,
  lines: readonly Line[],
  { text, minLevel }: Wanted,
  chosen: LogLevel | null = null,
  most = MOST,
): Found {
  const from = LEVELS.indexOf(higher(chosen, minLevel) ?? "TRACE");
  const sought = text?.toLowerCase();
  const fits = ({ line, level, text: said }: Line) =>
    line > found.searchedTo &&
    LEVELS.indexOf(level) >= from &&
    (sought === undefined || stripAnsi(said).toLowerCase().includes(sought));
  const fresh = lines.filter(fits).map(({ line }) => line);
  const searchedTo = lines.reduce((last, { line }) => Math.max(last, line), found.searchedTo);
  const stopped = found.lines.length + fresh.length > most;
  if (stopped) return { ...found, complete: false, stopped };
  return { ...found, lines: fresh.length ? [...found.lines, ...fresh] : found.lines, searchedTo };
}

function higher(one: LogLevel | null, other: LogLevel | null): LogLevel | null {
  if (one === null || other === null) return one ?? other;
  return LEVELS.indexOf(one) > LEVELS.indexOf(other) ? one : other;
}
