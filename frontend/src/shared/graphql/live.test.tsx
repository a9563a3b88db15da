import { act, renderHook } from "@testing-library/react";
import { parse } from "graphql";
import type { Sink, Client as Socket } from "graphql-ws";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeClient } from "./client";
import { link } from "./link";
import { useLive } from "./live";

const DOCUMENT = parse("subscription { changes }") as never;
const VARIABLES = {};
const STOPPING = { message: "the server is stopping", extensions: { code: "SERVER_STOPPING" } };
const REFUSED = { message: "no such field", extensions: { code: "VALIDATION" } };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** The page's own client over a mocked socket; `streams` are the subscriptions in the order of their starts. */
async function followed() {
  const streams: Sink<unknown>[] = [];
  const socket = {
    subscribe: (_: unknown, sink: Sink<unknown>) => {
      streams.push(sink);
      return () => {};
    },
  } as unknown as Socket;
  const client = makeClient(socket, link);
  link.move({ type: "opened", at: 0 });
  const received: unknown[] = [];
  const { result } = renderHook(
    () => useLive(DOCUMENT, VARIABLES, { onData: (data) => received.push(data) }),
    {
      wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
    },
  );
  await passed(0);
  const end = (error: unknown) => act(async () => streams.at(-1)!.error([error]));
  return { streams, received, result, end };
}

const passed = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const linkedAgain = () =>
  act(async () => {
    link.move({ type: "lost", at: 1 });
    link.move({ type: "opened", at: 2 });
  });

it("restarts a stream that the server ended with an error, and clears the error even if it stays quiet", async () => {
  const { streams, received, result, end } = await followed();
  expect(streams).toHaveLength(1);
  await end(STOPPING);
  expect(result.current?.message).toContain("the server is stopping");
  await passed(1_000);
  expect(streams, "not at once").toHaveLength(1);
  await passed(1_500);
  expect(streams).toHaveLength(2);
  await passed(2_000);
  expect(result.current).toBeUndefined();

  await act(async () => streams[1]!.next({ data: { changes: 7 } }));
  expect(received).toEqual([{ changes: 7 }]);
  await act(async () => streams[1]!.error([STOPPING as never]));
  expect(received, "nothing is delivered twice").toHaveLength(1);
});

it("waits longer each time, but not after a reconnect", async () => {
  const { streams, end } = await followed();
  for (const wait of [2_000, 4_000, 8_000]) {
    await end(STOPPING);
    await passed(wait);
  }
  expect(streams).toHaveLength(4);
  await end(STOPPING);
  await passed(5_000);
  expect(streams).toHaveLength(4);
  await linkedAgain();
  await passed(10);
  expect(streams).toHaveLength(5);
  await passed(60_000);
  expect(streams, "once").toHaveLength(5);
});

it("does not restart a refused stream, and keeps the error", async () => {
  const { streams, result, end } = await followed();
  await end(REFUSED);
  await linkedAgain();
  await passed(60_000);
  expect(streams).toHaveLength(1);
  expect(result.current?.message).toContain("no such field");
});

it("does not restart while signed out, and restarts at once after the sign-in", async () => {
  const { streams, end } = await followed();
  act(() => link.move({ type: "refused", at: 1 }));
  await end(STOPPING);
  await passed(600_000);
  expect(streams).toHaveLength(1);
  act(() => link.move({ type: "opened", at: 2 }));
  await passed(0);
  expect(streams).toHaveLength(2);
});
