import type { AnyVariables, CombinedError, OperationResult, TypedDocumentNode } from "@urql/core";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useClient } from "urql";
import { onEnd, pipe, subscribe } from "wonka";
import type { Resume } from "./client";
import { failures } from "./failures";
import { link, useLink } from "./link";
import { FIRST_RETRY, LAST_RETRY, pauseAfter } from "./retry";

type Handlers<Data> = Resume & {
  paused?: boolean;
  onData: (data: Data) => void;
  onEnd?: () => void;
};

/** A stream may be quiet for hours: if a restarted one has not failed after this many ms, it works. */
const WELL_AFTER = 1_500;

/** Whether the server answered with an error of this code. */
export function isOf(error: CombinedError | undefined, code: string): boolean {
  return error?.graphQLErrors.some(({ extensions }) => extensions?.code === code) ?? false;
}

/** Whether the operation itself is invalid: the server would refuse it again. */
function isWrong(error: CombinedError): boolean {
  return isOf(error, "VALIDATION");
}

/** Subscribes for as long as the component is mounted. A failed subscription is restarted, with growing delays. */
export function useLive<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  handlers: Handlers<Data>,
): CombinedError | undefined {
  const client = useClient();
  const [error, setError] = useState<CombinedError>();
  const [round, setRound] = useState(0);
  const delay = useRef(FIRST_RETRY);
  const waits = useRef(false);
  const key = JSON.stringify(variables);
  const paused = handlers.paused ?? false;
  const data = useEffectEvent((arrived: Data) => handlers.onData(arrived));
  const end = useEffectEvent(() => handlers.onEnd?.());
  const resume = useEffectEvent(() => handlers.resume?.() ?? {});

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round restarts it; `key` represents the variables
  useEffect(() => {
    if (paused) return;
    let open = true;
    let failed: CombinedError | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const context = { resume: () => (open ? resume() : {}) } as Record<string, unknown>;
    const received = (result: OperationResult<Data, Variables>) => {
      if (!open) return;
      failed = result.error;
      setError(result.error);
      // With an error that ends the stream, urql passes the data of before.
      if (result.data && result.hasNext) {
        delay.current = FIRST_RETRY;
        data(result.data);
      }
    };
    const over = () => {
      if (!open) return;
      if (!failed) return end();
      if (isWrong(failed)) return;
      waits.current = true;
      // Until the viewer signs in, each attempt would be refused: the new epoch restarts it.
      if (link.get().phase === "signed-out") return;
      timer = setTimeout(() => setRound((before) => before + 1), pauseAfter(failed, delay.current));
      delay.current = Math.min(LAST_RETRY, delay.current * 2);
    };
    const well = setTimeout(() => open && !failed && setError(undefined), WELL_AFTER);
    const followed = pipe(
      client.subscription(document, variables, context),
      onEnd(over),
      subscribe(received),
    );
    return () => {
      open = false;
      waits.current = false;
      clearTimeout(timer);
      clearTimeout(well);
      followed.unsubscribe();
    };
  }, [client, document, key, paused, round]);

  // A reconnect ends the delay.
  const { epoch } = useLink();
  const restart = useEffectEvent(() => {
    if (!waits.current) return;
    delay.current = FIRST_RETRY;
    setRound((before) => before + 1);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch means a reconnect
  useEffect(() => restart(), [epoch]);
  useEffect(() => {
    if (!error || paused) return;
    return failures.add(isWrong(error) ? { error } : { error, again: () => restart() });
  }, [error, paused]);

  return error;
}
