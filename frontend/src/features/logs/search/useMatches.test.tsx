import { act, renderHook } from "@testing-library/react";
import { type Client, CombinedError } from "@urql/core";
import { Provider } from "urql";
import { expect, it, vi } from "vitest";
import { fromValue } from "wonka";
import { link } from "@/shared/graphql/link";
import { LogPages } from "../store/logPages";
import { useMatches } from "./useMatches";

const CHOICE = { id: "exec_1", taskRunId: null, attempt: null, minLevel: null, stream: null, moment: null };
const WANTED = { text: "needle", minLevel: null };
const PAGE = (lines: number[], searchedTo: number, complete: boolean) => ({
  data: { execution: { logMatches: { lines, searchedTo, complete } } },
});
const FAILED = { error: new CombinedError({ networkError: new Error("the server cannot be reached") }) };

/** A search of a log of 200 lines with these responses of the server. */
function searched(answers: object[]) {
  const requests: (number | null)[] = [];
  const client = {
    query: (_: unknown, { after }: { after: number | null }) => {
      requests.push(after);
      return fromValue(answers.shift());
    },
  } as unknown as Client;
  const store = new LogPages(200, async () => undefined);
  link.move({ type: "opened", at: 0 });
  const { result } = renderHook(() => useMatches(CHOICE as never, WANTED, store), {
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  return { requests, result };
}

it("retries a failed call after a reconnect, from the same position", async () => {
  const { requests, result } = searched([PAGE([3], 100, false), FAILED, PAGE([120], 150, true)]);
  expect(result.current).toMatchObject({ lines: [3], complete: false, error: FAILED.error });
  await act(async () => {
    link.move({ type: "lost", at: 1 });
    link.move({ type: "opened", at: 2 });
  });
  expect(result.current).toMatchObject({ lines: [3, 120], complete: true, error: undefined });
  expect(requests).toEqual([0, 100, 100]);
});

it("retries a failed call while the connection is live", async () => {
  vi.useFakeTimers();
  const { requests, result } = searched([FAILED, PAGE([120], 150, true)]);
  expect(result.current.error).toBe(FAILED.error);
  await act(() => vi.advanceTimersByTimeAsync(2_000));
  expect(result.current).toMatchObject({ lines: [120], complete: true, error: undefined });
  expect(requests).toEqual([0, 0]);
  vi.useRealTimers();
});
