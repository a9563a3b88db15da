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

/** The page's own client over a socket of the test; `streams` are the subscriptions in the order they were asked. */
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
  const heard: unknown[] = [];
  const { result } = renderHook(() => useLive(DOCUMENT, VARIABLES, { onData: (data) => heard.push(data) }), {
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  await passed(0);
  const end = (error: unknown) => act(async () => streams.at(-1)!.error([error]));
  return { streams, heard, result, end };
}

const passed = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const linkedAgain = () =>
  act(async () => {
    link.move({ type: "lost", at: 1 });
    link.move({ type: "opened", at: 2 });
  });

it("asks a stream again that the server ended with an error, and forgets the error though it stays quiet", async () => {
  const { streams, heard, result, end } = await followed();
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
  expect(heard).toEqual([{ changes: 7 }]);
  await act(async () => streams[1]!.error([STOPPING as never]));
  expect(heard, "nothing is told twice").toHaveLength(1);
});

it("waits longer each time, but not when the link is live again", async () => {
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

it("does not ask again what was refused, and keeps saying so", async () => {
  const { streams, result, end } = await followed();
  await end(REFUSED);
  await linkedAgain();
  await passed(60_000);
  expect(streams).toHaveLength(1);
  expect(result.current?.message).toContain("no such field");
});

it("does not ask again while nobody is signed in, and at once when somebody is", async () => {
  const { streams, end } = await followed();
  act(() => link.move({ type: "refused", at: 1 }));
  await end(STOPPING);
  await passed(600_000);
  expect(streams).toHaveLength(1);
  act(() => link.move({ type: "opened", at: 2 }));
  await passed(0);
  expect(streams).toHaveLength(2);
});
