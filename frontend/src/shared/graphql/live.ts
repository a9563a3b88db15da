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

/** A stream may be quiet for hours: one that was asked again and has not failed by then is well. */
const WELL_AFTER = 1_500;

/** Whether the server answered with an error of this code. */
export function isOf(error: CombinedError | undefined, code: string): boolean {
  return error?.graphQLErrors.some(({ extensions }) => extensions?.code === code) ?? false;
}

/** Whether the question itself is wrong: the same again would be refused again. */
function isWrong(error: CombinedError): boolean {
  return isOf(error, "VALIDATION");
}

/** Follows a subscription for as long as the component lives. One that failed is asked again, later each time. */
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

  // biome-ignore lint/correctness/useExhaustiveDependencies: the round asks again; `key` stands for the variables
  useEffect(() => {
    if (paused) return;
    let open = true;
    let failed: CombinedError | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const context = { resume: () => (open ? resume() : {}) } as Record<string, unknown>;
    const heard = (result: OperationResult<Data, Variables>) => {
      if (!open) return;
      failed = result.error;
      setError(result.error);
      // With an error that ends the stream come the data of before.
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
      // Until somebody signs in, each would be refused: the new epoch asks again.
      if (link.get().phase === "signed-out") return;
      timer = setTimeout(() => setRound((before) => before + 1), pauseAfter(failed, delay.current));
      delay.current = Math.min(LAST_RETRY, delay.current * 2);
    };
    const well = setTimeout(() => open && !failed && setError(undefined), WELL_AFTER);
    const followed = pipe(client.subscription(document, variables, context), onEnd(over), subscribe(heard));
    return () => {
      open = false;
      waits.current = false;
      clearTimeout(timer);
      clearTimeout(well);
      followed.unsubscribe();
    };
  }, [client, document, key, paused, round]);

  // A link that is live again is a reason not to wait any longer.
  const { epoch } = useLink();
  const askAgain = useEffectEvent(() => {
    if (!waits.current) return;
    delay.current = FIRST_RETRY;
    setRound((before) => before + 1);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch is a link that is live again
  useEffect(() => askAgain(), [epoch]);
  useEffect(() => {
    if (!error || paused) return;
    return failures.add(isWrong(error) ? { error } : { error, again: () => askAgain() });
  }, [error, paused]);

  return error;
}
