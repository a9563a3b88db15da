import { act, renderHook } from "@testing-library/react";
import type { Client, CombinedError } from "@urql/core";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeSubject } from "wonka";
import { link } from "./link";
import { useLive } from "./live";

const DOCUMENT = {} as never;
const VARIABLES = {};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("forgets what a stopping server said once the link is live again, though the stream stays quiet", async () => {
  const stream = makeSubject<{ error?: CombinedError; data?: unknown }>();
  const client = { subscription: () => stream.source } as unknown as Client;
  link.move({ type: "opened", at: 0 });
  const { result } = renderHook(() => useLive(DOCUMENT, VARIABLES, { onData: () => {} }), {
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  const stopping = { graphQLErrors: [], message: "the server is stopping" } as unknown as CombinedError;
  await act(async () => stream.next({ error: stopping }));
  expect(result.current).toBe(stopping);
  await act(async () => vi.advanceTimersByTime(10_000));
  expect(result.current, "nothing has said that it is well").toBe(stopping);

  await act(async () => {
    link.move({ type: "lost", at: 1 });
    link.move({ type: "opened", at: 2 });
  });
  await act(async () => vi.advanceTimersByTime(2_000));
  expect(result.current).toBeUndefined();

  await act(async () => {
    link.move({ type: "lost", at: 3 });
    link.move({ type: "opened", at: 4 });
  });
  const refused = { ...stopping, message: "no" } as CombinedError;
  await act(async () => stream.next({ error: refused }));
  await act(async () => vi.advanceTimersByTime(2_000));
  expect(result.current, "an error that came after it is told").toBe(refused);
});
