import type { AnyVariables, CombinedError, TypedDocumentNode } from "@urql/core";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useClient } from "urql";
import { onEnd, pipe, subscribe } from "wonka";
import type { Resume } from "./client";
import { useLink } from "./link";

type Handlers<Data> = Resume & {
  paused?: boolean;
  onData: (data: Data) => void;
  onEnd?: () => void;
};

/** Follows a subscription. It ends with the component; after a failure it is asked again on the next reconnect. */
export function useLive<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  handlers: Handlers<Data>,
): CombinedError | undefined {
  const client = useClient();
  const { epoch } = useLink();
  const [error, setError] = useState<CombinedError>();
  const failed = useRef(false);
  const [round, setRound] = useState(0);
  const key = JSON.stringify(variables);
  const paused = handlers.paused ?? false;
  const data = useEffectEvent((arrived: Data) => handlers.onData(arrived));
  const end = useEffectEvent(() => handlers.onEnd?.());
  const resume = useEffectEvent(() => handlers.resume?.() ?? {});

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch is what this waits for
  useEffect(() => {
    if (!failed.current) return;
    failed.current = false;
    setRound((before) => before + 1);
  }, [epoch]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the round asks again; `key` stands for the variables
  useEffect(() => {
    if (paused) return;
    let open = true;
    const context = { resume: () => (open ? resume() : {}) } as Record<string, unknown>;
    const source = client.subscription(document, variables, context);
    const followed = pipe(
      source,
      onEnd(() => open && end()),
      subscribe((result) => {
        if (!open) return;
        setError(result.error);
        failed.current = Boolean(result.error);
        if (result.data) data(result.data);
      }),
    );
    return () => {
      open = false;
      followed.unsubscribe();
    };
  }, [client, document, key, paused, round]);

  return error;
}
