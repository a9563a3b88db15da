import { act, renderHook } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { link } from "@/shared/graphql/link";
import { aRow } from "@/testing/fixtures";
import { clientOf, Stream } from "@/testing/world";
import { useRows } from "./useRows";
import type { Wanted } from "./wanted";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  link.move({ type: "opened", at: 0 });
});
afterEach(() => vi.useRealTimers());

const passed = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const wanted = (search: string): Wanted => ({
  where: null,
  search,
  orderBy: null,
  orderByValue: null,
  names: [],
  usual: false,
  settleAfter: 2_000,
});
const served = ({ values, ...row }: ReturnType<typeof aRow>) => ({ ...row, columns: () => values });
const SOME = { value: 1_000, exact: true };

/** A list of a hundred rows whose older pages cannot be read until the server is `back`. */
async function listed(search: string) {
  const ids = Array.from({ length: 100 }, (_, at) => `exec_${999 - at}`);
  const stream = new Stream<unknown>();
  const server = { back: false, reads: 0 };
  const world = {
    stats: () => new Stream(),
    executionList: () => stream,
    executions: () => {
      server.reads += 1;
      if (!server.back)
        throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
      return { nodes: [served(aRow({ id: "exec_5" }))], pageInfo: { hasNextPage: false, endCursor: "e" } };
    },
  };
  const client = clientOf(world);
  const hook = renderHook(({ search }) => useRows(wanted(search), false), {
    initialProps: { search },
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  await passed(0);
  const enter = ids.map((id) => ({ node: served(aRow({ id })), before: null }));
  const change = { reset: true, enter, update: [], leave: [], totalCount: SOME, cursor: "c" };
  await act(async () => stream.push({ executionList: change }));
  await passed(0);
  await act(async () => hook.result.current.loadMore());
  await passed(0);
  return { ...hook, server };
}

it("reports that older rows could not be loaded, and retries until they are", async () => {
  const { result, server } = await listed("older");
  expect(result.current.moreError?.message).toContain("the database is away");
  expect(result.current.loadingMore).toBe(true);
  server.back = true;
  await passed(2_000);
  expect(result.current).toMatchObject({ moreError: undefined, loadingMore: false, hasMore: false });
  expect(result.current.rows.shown.at(-1)).toBe("exec_5");
});

it("does not read older rows of a list that was left", async () => {
  const { result, rerender, server } = await listed("left");
  const { reads } = server;
  rerender({ search: "another" });
  await passed(60_000);
  expect(server.reads).toBe(reads);
  expect(result.current).toMatchObject({ moreError: undefined, loadingMore: false });
});
