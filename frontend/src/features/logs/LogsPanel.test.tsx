import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { GraphQLError } from "graphql";
import { beforeEach, expect, it, vi } from "vitest";
import { records } from "@/entities/execution/useRecord";
import { aLine, aSnapshot, aTask } from "@/testing/fixtures";
import { Stream, show } from "@/testing/world";
import type { Line } from "./choice";

type Args = {
  around?: number;
  first?: number;
  last?: number;
  minLevel?: string | null;
  text?: string | null;
};
type Batch = { logs: { lines: Line[]; cursor: string; complete: boolean } };

const failed = aSnapshot({
  state: "FAILED",
  taskRuns: [aTask("extract", { state: "FAILED", attempts: [] })],
  failure: {
    attempt: 1,
    code: "EXIT_CODE",
    message: "refused",
    exitCode: 1,
    fingerprint: "f",
    others: 0,
    logLine: 4_000_000,
    skippedCount: 0,
    taskRun: { id: "run_extract", key: "extract" },
  },
});

/** An execution with a log of the given length, whose lines are generated on request. */
function world(total: number, execution = failed) {
  const requests: Args[] = [];
  const moments: unknown[] = [];
  const live = new Stream<Batch>();
  const page = (from: number, to: number) => ({
    nodes: Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => aLine(from + at)),
    pageInfo: {
      hasPreviousPage: from > 1,
      hasNextPage: to < total,
      startCursor: `c${from}`,
      endCursor: total ? `c${to}` : null,
    },
    totalCount: { value: Math.min(total, 10_000), exact: total <= 10_000 },
  });
  const logs = (args: Args) => {
    if (args.last) return page(Math.max(1, total - args.last + 1), total);
    if (args.around == null) return page(1, Math.min(total, args.first ?? 50));
    requests.push(args);
    const from = Math.max(1, Math.min(args.around - args.first! / 2, total - args.first! + 1));
    return page(from, Math.min(total, from + args.first! - 1));
  };
  const logMatches = ({ text, minLevel }: Args) => ({
    lines: text ? [10, 4_000_010, 9_000_000].filter((line) => line <= total) : minLevel === "WARN" ? [5] : [],
    searchedTo: total,
    complete: true,
  });
  const logCounts = () => [{ level: "INFO", count: { value: total, exact: true } }];
  const root = {
    execution: ({ at }: { at?: number }) => {
      moments.push(at ?? null);
      return { ...execution, logs, logMatches, logCounts };
    },
    executionChanges: () => new Stream(),
    logs: vi.fn(() => live),
  };
  const write = (from: number, to: number) =>
    act(async () => {
      const lines = Array.from({ length: to - from + 1 }, (_, at) => aLine(from + at));
      live.push({ logs: { lines, cursor: `c${to}`, complete: false } });
    });
  return { root, requests, moments, write };
}

const line = (number: number) => document.querySelector<HTMLElement>(`[data-line="${number}"]`);

// Machines that run tests are shared.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  localStorage.clear();
  // Sizes that jsdom does not measure.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(800);
});

it("opens a log of ten million lines at the cause of the failure, with one page", async () => {
  const { root, requests } = world(10_000_000);
  show("/executions/exec_2?tab=logs", root);
  await waitFor(() => expect(line(4_000_000)).toBeTruthy());
  expect(line(4_000_000)!.dataset.error).toBe("true");
  expect(requests.length).toBeLessThanOrEqual(2);
  expect(await screen.findByText("Error 1 of 1")).toBeTruthy();
  expect(screen.getByText("10 000 000 lines")).toBeTruthy();
});

it.each([
  ["", 9_000_000],
  ["#L4000000", 4_000_000],
])(
  "scrolls to the cause when it fails again after a restart, unless the URL %s names a line",
  async (hash, shown) => {
    const execution = aSnapshot({ ...failed, id: `exec_again${hash.length}` });
    const { root } = world(10_000_000, execution);
    show(`/executions/${execution.id}?tab=logs${hash}`, root);
    await waitFor(() => expect(line(4_000_000)).toBeTruthy());
    const learned = (head: object) =>
      act(async () => {
        const record = records.get(execution.id)!;
        records.set(execution.id, { ...record, head: { ...record.head, ...head } });
      });
    await learned({ state: "RUNNING", failure: null });
    expect(line(4_000_000)).toBeTruthy();
    await learned({ state: "FAILED", failure: { ...failed.failure!, attempt: 2, logLine: 9_000_000 } });
    await waitFor(() => expect(line(9_000_000) === null).toBe(shown !== 9_000_000));
    await waitFor(() => expect(line(shown)).toBeTruthy());
  },
);

it("opens at the lines of the URL, and extends the selection with Shift", async () => {
  const { root, requests } = world(10_000_000);
  const { router } = show("/executions/exec_2#L7654321-L7654323", root);
  await waitFor(() => expect(line(7_654_322)?.dataset.marked).toBe("true"));
  expect(line(7_654_324)!.dataset.marked).toBeUndefined();
  expect(requests.length).toBeLessThanOrEqual(2);
  fireEvent.click(screen.getByRole("link", { name: "Line 7654325" }), { shiftKey: true });
  await waitFor(() => expect(router.state.location.hash).toBe("L7654321-L7654325"));
  fireEvent.click(screen.getByRole("link", { name: "Line 7654320" }));
  await waitFor(() => expect(router.state.location.hash).toBe("L7654320"));
});

it("stays at the lines of the URL when the URL has a search too", async () => {
  const { root } = world(10_000_000);
  show("/executions/exec_2?find=line#L7654321-L7654323", root);
  expect(await screen.findByText("3 lines match")).toBeTruthy();
  expect(line(7_654_322)?.dataset.marked).toBe("true");
  expect(screen.queryByText("3 of 3")).toBeNull();
});

it("steps through the server's matches, from the current position", async () => {
  const user = userEvent.setup();
  const { root } = world(10_000_000);
  const { router } = show("/executions/exec_2?tab=logs", root);
  await waitFor(() => expect(line(4_000_000)).toBeTruthy());
  await user.type(screen.getByLabelText("Search the log"), "line");
  expect(await screen.findByText("2 of 3")).toBeTruthy();
  expect(router.state.location.search).toMatchObject({ find: "line" });
  await user.keyboard("{Enter}");
  expect(await screen.findByText("3 of 3")).toBeTruthy();
  await waitFor(() => expect(line(9_000_000)).toBeTruthy());
  await user.keyboard("{Shift>}{Enter}{/Shift}");
  expect(await screen.findByText("2 of 3")).toBeTruthy();
});

it("reports a line beyond the end of the log", async () => {
  const { root } = world(40_000);
  show("/executions/exec_2#L50000", root);
  expect(await screen.findByText("There is no line 50000: the log has 40 000 lines.")).toBeTruthy();
});

it("shows new lines live, from the first one on", async () => {
  // Another id: the logs of the other ones are still cached.
  const running = aSnapshot({
    id: "exec_3",
    state: "RUNNING",
    taskRuns: [aTask("extract", { state: "RUNNING" })],
  });
  const { root, write } = world(0, running);
  show("/executions/exec_3?tab=logs", root);
  expect(await screen.findByText("No lines yet. New lines appear here live.")).toBeTruthy();
  await waitFor(() => expect(root.logs).toHaveBeenCalledTimes(1));
  await write(1, 3);
  await waitFor(() => expect(line(3)).toBeTruthy());
  await write(3, 4); // repeated, as after a reconnect
  await waitFor(() => expect(screen.getByText("4 lines")).toBeTruthy());
  expect(document.querySelectorAll('[data-line="3"]')).toHaveLength(1);
});

it("loses no line that is written between the page and the end within one answer", async () => {
  const running = aSnapshot({
    id: "exec_5",
    state: "RUNNING",
    taskRuns: [aTask("extract", { state: "RUNNING" })],
  });
  const later = world(103, running);
  const earlier = world(100, running);
  const root = {
    ...later.root,
    execution: (args: { at?: number }) => {
      const [before, after] = [earlier.root.execution(args), later.root.execution(args)];
      return { ...after, logs: (args: Args) => (args.around == null ? after : before).logs(args) };
    },
  };
  show("/executions/exec_5?tab=logs", root);
  await waitFor(() => expect(root.logs).toHaveBeenCalledTimes(1));
  const [args] = root.logs.mock.calls[0] as unknown as [{ after: string }];
  expect(args.after).toBe("c100");
});

it("reads the log of a past moment, which does not grow and cannot be downloaded", async () => {
  const { root, moments } = world(100);
  show("/executions/exec_2?tab=logs&at=7", root);
  await waitFor(() => expect(screen.getByText("100 lines")).toBeTruthy());
  expect(new Set(moments)).toEqual(new Set([7, null])); // the count also needs the present
  expect(root.logs).not.toHaveBeenCalled();
  expect(screen.queryByRole("link", { name: /Download/ })).toBeNull();
});

it("filters by level, in the URL", async () => {
  const user = userEvent.setup();
  const { root, requests } = world(100);
  const { router } = show("/executions/exec_2?tab=logs", root);
  await user.click(await screen.findByRole("button", { name: "All levels" }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Warnings and errors" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ level: "WARN" }));
  await waitFor(() => expect(requests.at(-1)).toMatchObject({ minLevel: "WARN" }));
  expect(screen.getByRole("link", { name: /Download/ }).getAttribute("href")).toContain("level=WARN");
});

it("goes to a line by its number, and shows the valid range", async () => {
  const user = userEvent.setup();
  const { root, requests } = world(10_000_000);
  const { router } = show("/executions/exec_2?tab=logs", root);
  await waitFor(() => expect(line(4_000_000)).toBeTruthy());
  const before = requests.length;
  await user.keyboard("g");
  const field = await screen.findByLabelText("Go to line", { selector: "input" });
  await waitFor(() => expect(document.activeElement).toBe(field));
  await user.keyboard("10000001{Enter}");
  expect(
    await screen.findByText("Write a number from 1 to 10 000 000, the first and the last line shown."),
  ).toBeTruthy();
  expect(router.state.location.hash).toBe("");
  await user.clear(field);
  await user.keyboard("7 654 321{Enter}");
  await waitFor(() => expect(line(7_654_321)?.dataset.marked).toBe("true"));
  expect(router.state.location.hash).toBe("L7654321");
  expect(requests.length - before).toBe(1);
});

it.each([
  ["extract", true],
  ["extract[0].fetch", false],
])("separates attempts of a task that wrote the lines itself, but not of %s", async (other, separated) => {
  const attempts = [1, 2].map((number) => ({
    id: `attempt_${number}`,
    number,
    state: "FAILED",
    startedAt: "2026-01-14T02:00:00Z",
    endedAt: "2026-01-14T02:00:01Z",
    duration: 1,
    worker: null,
    exitCode: 1,
    error: null,
  }));
  const extract = aTask("extract", { state: "FAILED", attempts: attempts as never });
  const others = [aTask("other"), aTask(other)].filter(({ key }) => key !== "extract");
  const execution = aSnapshot({
    ...failed,
    id: `exec_${other}`,
    failure: null,
    taskRuns: [extract, ...others],
  });
  const { root } = world(20, execution);
  show(`/executions/${execution.id}?task=extract&tab=logs`, root);
  await waitFor(() => expect(line(1)).toBeTruthy());
  expect(screen.queryAllByText(/^attempt \d/).length > 0).toBe(separated);
});

it("shows the number of a task's lines and of all lines", async () => {
  const execution = aSnapshot({ ...failed, id: "exec_4", taskRuns: [...failed.taskRuns, aTask("load")] });
  const { root } = world(152, execution);
  const counted = () => [{ level: "INFO", count: { value: 141, exact: true } }];
  const read = root.execution;
  root.execution = (args) => ({ ...read(args), logCounts: counted });
  show("/executions/exec_4?task=extract&tab=logs", root);
  expect(await screen.findByText("141 of 152 lines")).toBeTruthy();
});

it("retries a failed opening and a failed page, and shows the error only until then", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  try {
    const { root } = world(10_000_000);
    let away = true;
    const execution = root.execution;
    const reads = (given: { logs: (args: Args) => unknown }) => (args: Args) => {
      if (away) throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
      return given.logs(args);
    };
    root.execution = (args) => {
      const found = execution(args);
      return { ...found, logs: reads(found) as typeof found.logs };
    };
    const { router } = show("/executions/exec_2?tab=logs", root);
    expect(await screen.findByText(/the database is away/)).toBeTruthy();
    away = false;
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    await waitFor(() => expect(line(4_000_000)).toBeTruthy());
    expect(screen.queryByText(/the database is away/)).toBeNull();

    away = true;
    await act(() =>
      router.navigate({ to: ".", search: (before: object) => before, hash: "L9000000" } as never),
    );
    expect(await screen.findByText(/the database is away/)).toBeTruthy();
    away = false;
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    await waitFor(() => expect(line(9_000_000)).toBeTruthy());
    expect(screen.queryByText(/the database is away/)).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});
