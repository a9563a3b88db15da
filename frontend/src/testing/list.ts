import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect } from "vitest";
import type { Change } from "@/features/executions/rows/rows";
import type { aRow } from "./fixtures";
import { Stream, show, type World } from "./world";

type Message = { executionList: Partial<Change> & { cursor: string } };
type ListArgs = {
  search: string | null;
  orderBy: string | null;
  orderByValue: unknown;
  where: unknown;
  after: string | null;
};
type Row = ReturnType<typeof aRow>;

/** Values by name, as the server returns them. */
export const served = ({ values, ...row }: Row) => ({ ...row, columns: () => values });

export const SOME = { value: 1, exact: true };

/** The mocked server of the list; the test feeds its streams. */
export function world() {
  const lists: { args: ListArgs; stream: Stream<Message> }[] = [];
  const bulks: unknown[] = [];
  const requests: unknown[] = [];
  const ran = { id: "bulk_1", action: "RESTART", state: "DONE", progress: 1 };
  const counts = { total: 61, done: 60, refused: 1, left: 0 };
  const results = (args: { outcome: string; after: string | null }) => {
    requests.push(args);
    const isRefused = args.outcome === "REFUSED";
    const problem = {
      __typename: "InvalidState",
      code: "INVALID_STATE",
      message: "it still runs",
      path: null,
    };
    const name = `row after ${args.after ?? "the start"}`;
    return {
      nodes: [{ executionId: "exec_2", name, outcome: args.outcome, problem: isRefused ? problem : null }],
      pageInfo: { hasNextPage: !isRefused && !args.after, endCursor: "p1" },
      totalCount: SOME,
    };
  };
  return {
    requests,
    lists,
    bulks,
    send: (change: Partial<Change>) =>
      act(async () => {
        const message = { reset: false, enter: [], update: [], leave: [], totalCount: SOME, cursor: "c" };
        lists.at(-1)!.stream.push({ executionList: { ...message, ...change } });
      }),
    root: {
      flows: () => ({ nodes: [{ id: "f", namespace: "examples", key: "hello", kind: "etl" }] }),
      executionHistogram: () => [],
      savedFilters: () => [],
      stats: () => new Stream(),
      approvals: () => new Stream(),
      searchFields: () => [
        {
          name: "flow",
          aliases: [],
          description: "the key",
          operators: [":"],
          values: [],
          facet: "FLOW",
          keyed: false,
        },
        {
          name: "state",
          aliases: [],
          description: "the state",
          operators: [":"],
          values: ["FAILED"],
          facet: null,
          keyed: false,
        },
      ],
      facets: ({ contains }: { contains: string }) =>
        ["etl", "orders"]
          .filter((value) => value.includes(contains ?? ""))
          .map((value) => ({ key: null, value, search: `flow:${value}`, count: { value: 7, exact: true } })),
      executionList: (args: ListArgs) => {
        const stream = new Stream<Message>();
        lists.push({ args, stream });
        return stream;
      },
      runBulk: () => ({ problems: [], bulk: { ...ran, counts } }),
      bulk: () => ({ ...ran, counts, results }),
      previewBulk: (args: { input: unknown }) => {
        bulks.push(args.input);
        return {
          problems: [],
          preview: {
            id: "bulk_1",
            action: "RESTART",
            total: 2,
            wouldApply: 1,
            forbidden: 0,
            notFound: [],
            expiresAt: "2026-01-14T02:00:00Z",
            notAllowed: [
              {
                code: "INVALID_STATE",
                reason: "it still runs",
                count: 1,
                samples: [{ __typename: "Execution", id: "exec_2", name: "two" }],
              },
            ],
          },
        };
      },
      execution: () => ({
        id: "exec_2",
        seq: 3,
        state: "RUNNING",
        labels: [],
        children: [
          { id: "exec_8", state: "RUNNING" },
          { id: "exec_9", state: "SUCCESS" },
        ],
        inputs: {},
        availableActions: [
          { action: "CANCEL", allowed: true },
          {
            action: "RESUME",
            allowed: false,
            code: "INVALID_STATE",
            reason: "only a PAUSED execution can be resumed",
          },
        ],
      }),
    },
  };
}

/** Rows of a URL are cached: each test needs rows of its own, by this word. */
let number = 0;
export const ownWord = () => `t${number}`;
beforeEach(() => {
  number++;
  localStorage.clear();
});

/** Renders the list at a URL; returns what a test needs to control it. */
export async function opened(query = "", q = "", answers: World = {}) {
  const made = world();
  Object.assign(made.root, answers);
  const own = ownWord();
  const address = `/executions?q=${encodeURIComponent([own, q].filter(Boolean).join(" "))}${query}`;
  const shown = show(address, made.root);
  await waitFor(() => expect(made.lists).toHaveLength(1));
  return { ...made, ...shown, own, user: userEvent.setup() };
}

export const entering = (...rows: Row[]) =>
  rows.map((row) => ({ node: served(row) as unknown as Row, before: null }));
export const box = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Search executions" });
