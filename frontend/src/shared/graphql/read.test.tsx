import { act, renderHook } from "@testing-library/react";
import { Client } from "@urql/core";
import { executeExchange } from "@urql/exchange-execute";
import { buildSchema, GraphQLError, parse } from "graphql";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { failures, retryAll } from "./failures";
import { link } from "./link";
import { useRead } from "./read";
import { untilAnswered } from "./retry";

const schema = buildSchema("type Query { count: Int }");
const DOCUMENT = parse("{ count }") as never;

beforeEach(() => {
  vi.useFakeTimers();
  link.move({ type: "opened", at: 0 });
});
afterEach(() => vi.useRealTimers());

const passed = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const linkedAgain = () =>
  act(async () => {
    link.move({ type: "lost", at: 1 });
    link.move({ type: "opened", at: 2 });
  });
const away = () => {
  throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
};
const refused = (code: string) => () => {
  throw new GraphQLError("no", { extensions: { code } });
};

/** A server whose response is `answer.now`; counts its requests. */
function serving(first: () => number) {
  const answer = { now: first, count: 0 };
  const count = () => {
    answer.count += 1;
    return answer.now();
  };
  const client = new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "network-only",
    exchanges: [executeExchange({ schema, rootValue: { count } })],
  });
  return { answer, client };
}

async function read(first: () => number) {
  const { answer, client } = serving(first);
  const { result, rerender } = renderHook(({ paused }) => useRead(DOCUMENT, {}, { paused }), {
    initialProps: { paused: false },
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  await passed(0);
  return { answer, result, rerender };
}

it("retries a failed read while the connection is live, with growing delays, until it is answered", async () => {
  const { answer, result } = await read(away);
  expect(result.current.error?.message).toContain("the database is away");
  expect(result.current.data, "a null with an error is no data").toBeUndefined();
  await passed(1_999);
  expect(answer.count).toBe(1);
  await passed(1);
  expect(answer.count).toBe(2);
  await passed(3_999);
  expect(answer.count).toBe(2);
  answer.now = () => 7;
  await passed(1);
  expect(result.current).toMatchObject({ data: { count: 7 }, error: undefined });
  await passed(60_000);
  expect(answer.count, "only what failed").toBe(3);
});

it("does not retry a refused read, or one that is no longer needed", async () => {
  for (const code of ["VALIDATION", "FORBIDDEN", "NOT_FOUND", "TOO_COSTLY"]) {
    const { answer } = await read(refused(code));
    await passed(60_000);
    expect(answer.count, code).toBe(1);
  }
  const { answer, rerender } = await read(away);
  rerender({ paused: true });
  await passed(60_000);
  expect(answer.count).toBe(1);
});

const tooMany = (retryAfter: number) => () => {
  throw new GraphQLError("too many; try again in 3 s", {
    extensions: { code: "TOO_MANY_REQUESTS", retryAfter },
  });
};

it("retries a rate-limited read after the server's delay, however often, and at once on demand", async () => {
  const { answer, result } = await read(tooMany(3));
  for (const count of [1, 2, 3]) {
    await passed(2_999);
    expect(answer.count).toBe(count);
    await passed(1);
  }
  expect(answer.count).toBe(4);
  answer.now = () => 7;
  await act(async () => retryAll());
  await passed(0);
  expect(result.current).toMatchObject({ data: { count: 7 }, error: undefined });
  expect(failures.getAll()).toEqual([]);
});

it("lists all failed reads, and which ones no component shows, until answered or no longer needed", async () => {
  const { answer, result, rerender } = await read(away);
  expect(failures.getHidden().map(({ error }) => error)).toEqual([result.current.error]);
  const untell = failures.markShown(result.current.error!);
  expect([failures.getAll().length, failures.getHidden().length]).toEqual([1, 0]);
  untell();
  expect(failures.getHidden()).toHaveLength(1);
  answer.now = () => 7;
  await passed(2_000);
  expect(failures.getAll()).toEqual([]);
  const refusing = await read(refused("FORBIDDEN"));
  expect(failures.getAll().map(({ again }) => again)).toEqual([undefined]);
  refusing.rerender({ paused: true });
  rerender({ paused: true });
  expect(failures.getAll()).toEqual([]);
});

/** A read in an event handler that is retried until it is answered. */
function retried(first: () => number) {
  const { answer, client } = serving(first);
  const errors: (string | undefined)[] = [];
  const stop = new AbortController();
  const found = untilAnswered<{ count: number }>(
    () => client.query(DOCUMENT, {}).toPromise(),
    (error) => errors.push(error?.message),
    stop.signal,
  );
  return { answer, errors, stop, found };
}

it("retries until it is answered, and reports each failure and its end", async () => {
  const { answer, errors, found } = retried(away);
  await passed(2_000);
  expect(answer.count).toBe(2);
  answer.now = () => 7;
  await passed(4_000);
  expect(await found).toEqual({ count: 7 });
  expect(errors.map(Boolean)).toEqual([true, true, false]);
});

it("retries at once after a reconnect, and never after it was stopped", async () => {
  const { answer, errors, stop, found } = retried(away);
  await passed(0);
  await linkedAgain();
  await passed(0);
  expect(answer.count).toBe(2);
  stop.abort();
  expect(await found).toBeUndefined();
  await passed(60_000);
  expect([answer.count, errors.length]).toEqual([2, 2]);
});

it("gives up a refused read", async () => {
  const { answer, found } = retried(refused("VALIDATION"));
  await passed(0);
  expect(await found).toBeUndefined();
  expect(answer.count).toBe(1);
});

it("waits as long as the server says, or until it is retried on demand", async () => {
  const { answer, found } = retried(tooMany(60));
  await passed(59_999);
  expect(answer.count).toBe(1);
  await passed(1);
  expect(answer.count).toBe(2);
  answer.now = () => 7;
  retryAll();
  expect(await found).toEqual({ count: 7 });
  expect(failures.getAll()).toEqual([]);
});
