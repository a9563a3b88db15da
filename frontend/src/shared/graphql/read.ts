import type { AnyVariables, CombinedError, OperationResult, TypedDocumentNode } from "@urql/core";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useClient } from "urql";
import { useLink } from "./link";
import { useRetry } from "./retry";

export type Reading<Data> = { data: Data | undefined; error: CombinedError | undefined; loading: boolean };

const NOTHING = { data: undefined, error: undefined, loading: true };

/**
 * Runs a query, and again when the variables, the connection's epoch or `version` change. At most one request is in
 * flight: changes during it are combined into a single next one. The data stays until the next one arrives. A failed
 * read is retried with growing delays, unless the server would refuse it again.
 */
export function useRead<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  options: { version?: number | string | undefined; paused?: boolean } = {},
): Reading<Data> {
  const client = useClient();
  const { epoch } = useLink();
  const key = JSON.stringify(variables);
  const [round, setRound] = useState(0);
  const wanted = `${epoch}|${options.version ?? ""}|${round}`;
  const paused = options.paused ?? false;
  const [state, setState] = useState<Reading<Data> & { key: string }>({ key, ...NOTHING });
  const flight = useRef({ key: "", wanted: "" });

  const ask = useEffectEvent(async (asking: { key: string; wanted: string }) => {
    let answered: string;
    do {
      answered = asking.wanted;
      const result = await client.query(document, variables).toPromise();
      if (flight.current !== asking) return;
      setState((before) => ({
        key,
        data: foundIn(result) ?? (before.key === key ? before.data : undefined),
        error: result.error,
        loading: false,
      }));
    } while (asking.wanted !== answered);
    flight.current = { key: "", wanted: "" };
  });

  useEffect(() => {
    if (paused) return;
    if (flight.current.key === key) {
      flight.current.wanted = wanted;
      return;
    }
    flight.current = { key, wanted };
    void ask(flight.current);
  }, [key, wanted, paused]);

  useEffect(
    () => () => {
      flight.current = { key: "", wanted: "" };
    },
    [],
  );

  useRetry(!paused && state.key === key ? state.error : undefined, () => setRound((before) => before + 1));

  return state.key === key ? state : NOTHING;
}

/** With an error, a null only means that the field failed: an answer of only nulls holds no data. */
function foundIn<Data>({ data, error }: OperationResult<Data>): Data | undefined {
  const isEmpty = error && Object.values(data ?? {}).every((value) => value === null);
  return isEmpty ? undefined : data;
}
