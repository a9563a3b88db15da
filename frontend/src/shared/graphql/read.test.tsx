import { act, renderHook } from "@testing-library/react";
import { Client } from "@urql/core";
import { executeExchange } from "@urql/exchange-execute";
import { buildSchema, GraphQLError, parse } from "graphql";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askAgain, failures } from "./failures";
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

/** A server that answers as `answer.now` says, and counts how often it was asked. */
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

it("asks again what failed while the link lives, later each time, and goes on once it is answered", async () => {
  const { answer, result } = await read(away);
  expect(result.current.error?.message).toContain("the database is away");
  expect(result.current.data, "a null of a failure is no data").toBeUndefined();
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

it("does not ask again what the server refused, or what nobody wants now", async () => {
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

it("asks again what was too much as soon as the server says, however often, and at once when told to", async () => {
  const { answer, result } = await read(tooMany(3));
  for (const count of [1, 2, 3]) {
    await passed(2_999);
    expect(answer.count).toBe(count);
    await passed(1);
  }
  expect(answer.count).toBe(4);
  answer.now = () => 7;
  await act(async () => askAgain());
  await passed(0);
  expect(result.current).toMatchObject({ data: { count: 7 }, error: undefined });
  expect(failures.getAll()).toEqual([]);
});

it("knows every read that failed, and which nobody tells, until it is answered or nobody wants it", async () => {
  const { answer, result, rerender } = await read(away);
  expect(failures.getUntold().map(({ error }) => error)).toEqual([result.current.error]);
  const untell = failures.tell(result.current.error!);
  expect([failures.getAll().length, failures.getUntold().length]).toEqual([1, 0]);
  untell();
  expect(failures.getUntold()).toHaveLength(1);
  answer.now = () => 7;
  await passed(2_000);
  expect(failures.getAll()).toEqual([]);
  const refusing = await read(refused("FORBIDDEN"));
  expect(failures.getAll().map(({ again }) => again)).toEqual([undefined]);
  refusing.rerender({ paused: true });
  rerender({ paused: true });
  expect(failures.getAll()).toEqual([]);
});

/** As in an event: one read that goes on until it is answered. */
function asked(first: () => number) {
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

it("reads until it is answered, and tells each failure and its end", async () => {
  const { answer, errors, found } = asked(away);
  await passed(2_000);
  expect(answer.count).toBe(2);
  answer.now = () => 7;
  await passed(4_000);
  expect(await found).toEqual({ count: 7 });
  expect(errors.map(Boolean)).toEqual([true, true, false]);
});

it("reads at once when the link is live again, and never after it was stopped", async () => {
  const { answer, errors, stop, found } = asked(away);
  await passed(0);
  await linkedAgain();
  await passed(0);
  expect(answer.count).toBe(2);
  stop.abort();
  expect(await found).toBeUndefined();
  await passed(60_000);
  expect([answer.count, errors.length]).toEqual([2, 2]);
});

it("gives up what the server refused", async () => {
  const { answer, found } = asked(refused("VALIDATION"));
  await passed(0);
  expect(await found).toBeUndefined();
  expect(answer.count).toBe(1);
});

it("waits in an event as long as the server says, or until it is told to ask", async () => {
  const { answer, found } = asked(tooMany(60));
  await passed(59_999);
  expect(answer.count).toBe(1);
  await passed(1);
  expect(answer.count).toBe(2);
  answer.now = () => 7;
  askAgain();
  expect(await found).toEqual({ count: 7 });
  expect(failures.getAll()).toEqual([]);
});
