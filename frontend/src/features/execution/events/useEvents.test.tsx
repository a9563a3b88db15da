import { act, renderHook } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { recordOf } from "@/entities/execution/record";
import { link } from "@/shared/graphql/link";
import { aSnapshot } from "@/testing/fixtures";
import { clientOf } from "@/testing/world";
import { useEvents } from "./useEvents";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  link.move({ type: "opened", at: 0 });
});
afterEach(() => vi.useRealTimers());

const passed = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const LAST = 1_200;

const event = (seq: number) => ({
  __typename: "ExecutionEvent",
  id: `event_${seq}`,
  seq,
  type: "NOTE_ADDED",
  at: "2026-01-14T02:00:00.000000Z",
  actor: { kind: "USER", name: "admin" },
  channel: "API",
});

it("reports that earlier events could not be read, and retries until they are", async () => {
  const server = { back: false };
  const client = clientOf({
    execution: () => ({
      id: "exec_1",
      events: ({ before }: { before: number | null }) => {
        if (before !== null && !server.back)
          throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
        const to = before === null ? LAST : before - 1;
        const from = Math.max(1, to - 999);
        return Array.from({ length: to - from + 1 }, (_, at) => event(from + at));
      },
    }),
  });
  const record = recordOf(aSnapshot({ seq: LAST }));
  const { result } = renderHook(() => useEvents(record, undefined), {
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  await passed(0);
  expect(result.current).toMatchObject({ error: undefined, hasEarlier: true });
  await act(async () => void (await result.current.readEarlier()));
  expect(result.current.error?.message).toContain("the database is away");
  server.back = true;
  await passed(2_000);
  expect(result.current).toMatchObject({ error: undefined, hasEarlier: false });
  expect(result.current.events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: LAST }, (_, at) => at + 1),
  );
});
