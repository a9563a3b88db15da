import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { GraphQLError } from "graphql";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { records } from "@/entities/execution/useRecord";
import { aSnapshot, aTask } from "@/testing/fixtures";
import { Stream, show } from "@/testing/world";

const FAILURE = {
  attempt: 3,
  code: "EXIT_CODE",
  message: "ConnectionRefusedError: db-2",
  exitCode: 1,
  fingerprint: "abc123",
  others: 5,
  logLine: 412,
  skippedCount: 12,
  taskRun: { id: "run_load", key: "load" },
};
const FAILED = aSnapshot({
  state: "FAILED",
  endedAt: "2026-01-14T02:04:12Z",
  failure: FAILURE,
  labels: [{ key: "team", value: "data" }],
  taskRuns: [
    aTask("load", { state: "FAILED" }),
    ...Array.from({ length: 5 }, (_, at) => aTask(`check${at}`, { state: "FAILED" })),
    ...Array.from({ length: 12 }, (_, at) => aTask(`send${at}`, { state: "CANCELLED", startedAt: null })),
  ],
});
const EVENT = {
  __typename: "ExecutionEvent",
  id: "event_2",
  seq: 2,
  type: "PROGRESS_REPORTED",
  actor: { kind: "ENGINE", name: "engine" },
  channel: "ENGINE",
  taskRun: { id: "run_load", key: "load" },
};
const REFUSED = { extensions: { code: "VALIDATION" } };
const allowed = (action: string) => ({ action, allowed: true, code: null, reason: null });

function opened(snapshot: object, facts: object = {}, search = "", then?: object) {
  const changes = new Stream<object>();
  const execution = {
    inputs: { day: "2026-01-14" },
    flow: { id: "flow_1", enabled: true },
    durationStats: { p50: 160, p95: 200, count: 12 },
    previous: null,
    next: null,
    resolvedBy: null,
    lastSuccess: null,
    stateHistory: [],
    waitingFor: [],
    availableActions: [
      allowed("RESTART"),
      allowed("REPLAY"),
      { action: "DELETE", allowed: false, code: "FORBIDDEN", reason: "deleting needs the permission MANAGE" },
      {
        action: "PAUSE",
        allowed: false,
        code: "INVALID_STATE",
        reason: "an ended execution cannot be paused",
      },
    ],
    usualTaskDurations: [],
    events: [],
    logCounts: [],
    ...snapshot,
    ...facts,
  };
  return {
    changes,
    ...show(`/executions/exec_2${search}`, {
      execution: ({ at }: { at?: number | null }) => {
        if (at && at > 3)
          throw new GraphQLError("the execution has no event 9: its events are numbered 1 to 3", REFUSED);
        return at && then ? { ...execution, ...then } : execution;
      },
      executions: () => ({ nodes: [], totalCount: { value: 4, exact: true } }),
      executionChanges: () => changes,
      viewer: () => ({ actor: { kind: "USER", name: "admin" }, permissions: ["RUN_FLOW"] }),
    }),
  };
}

vi.setConfig({ testTimeout: 30_000 });
// The route loads its screen when it is first shown, which takes longer than the default timeout.
beforeAll(() => import("@/routes/ExecutionScreen"), 60_000);
afterEach(() => records.delete("exec_2"));

it("shows the failed task, its cause, the consequences and one fix; other facts are added later", async () => {
  opened(FAILED, {
    lastSuccess: {
      id: "exec_1",
      name: "nightly-orders-1",
      inputs: { day: "2026-01-13" },
      revision: { id: "rev_0", number: 3 },
      git: null,
    },
  });
  const verdict = await screen.findByRole("region", { name: "Why it failed" });
  expect(verdict.textContent).toContain("load failed after 3 attempts");
  expect(verdict.textContent).toContain("5 more tasks failed and 12 did not run because of it");
  const lineLink = within(verdict).getByRole("link", { name: "Go to line 412" });
  expect(lineLink.getAttribute("href")).toBe("/executions/exec_2?task=load&attempt=3&tab=logs#L412");
  expect(await within(verdict).findByRole("link", { name: "rev 3 → 4" })).toBeTruthy();
  expect(await within(verdict).findByRole("link", { name: /^day: 2026-01-13 → / })).toBeTruthy();
  const same = await within(verdict).findByRole("link", { name: /Same error in 4 other executions today/ });
  expect(decodeURIComponent(same.getAttribute("href")!.replaceAll("+", " "))).toContain("error:abc123");
  expect(await screen.findByRole("button", { name: "Restart failed tasks" })).toBeTruthy();
  expect(document.title).toBe("✗ nightly-orders-2 · Headway");
});

it("hides actions that the viewer's role never allows, and gives reasons for disabled ones", async () => {
  opened(FAILED);
  await userEvent.click(await screen.findByRole("button", { name: "More for nightly-orders-2" }));
  const pause = await screen.findByRole("menuitem", { name: /^Pause/ });
  expect(pause.getAttribute("aria-disabled")).toBe("true");
  expect(pause.textContent).toContain("an ended execution cannot be paused");
  expect(screen.queryByRole("menuitem", { name: /^Delete/ })).toBeNull();
});

it.each([
  [{ allowed: true, code: null, reason: null }, null],
  [{ allowed: false, code: "INVALID_STATE", reason: "load still runs" }, "true"],
  [{ allowed: false, code: "FORBIDDEN", reason: "it needs the permission MANAGE" }, undefined],
])("offers to change the failed task's state as the server allows: %o", async (answer, disabled) => {
  const availableActions = [{ action: "CHANGE_TASK_RUN_STATE", ...answer }];
  opened(FAILED, { task: { ...aTask("load"), availableActions } });
  await userEvent.click(await screen.findByRole("button", { name: "Other ways to run it again" }));
  await screen.findByRole("menuitem", { name: /^Replay from load/ });
  const item = () => screen.queryByRole("menuitem", { name: /^Change state of load/ });
  await waitFor(() => expect(item()?.getAttribute("aria-disabled")).toBe(disabled));
});

it("confirms actions on the execution as it is now, even at an earlier moment", async () => {
  const then = { ...FAILED, labels: [], taskRuns: [aTask("load", { state: "RUNNING" })] };
  const availableActions = [allowed("CHANGE_TASK_RUN_STATE")];
  opened(FAILED, { task: { ...aTask("load"), availableActions } }, "?at=2&task=load", then);
  await screen.findByText(/The page as it was/);
  const inspector = await screen.findByRole("region", { name: "Inspector" });
  await userEvent.click(await within(inspector).findByRole("button", { name: "Menu of load" }));
  const change = await screen.findByRole("menuitem", { name: "Change state" });
  await waitFor(() => expect(change.getAttribute("aria-disabled")).toBeNull());
  await userEvent.click(change);
  expect(await screen.findByPlaceholderText("now Failed")).toBeTruthy();
});

it("shows the duration of running tasks at an earlier moment, up to the event", async () => {
  const startedAt = "2026-01-14T02:00:00Z";
  const running = { state: "RUNNING", startedAt, endedAt: null };
  const attempts = [
    { id: "attempt_1", number: 1, duration: null, ...running, error: null, exitCode: null, worker: null },
  ];
  const stateHistory = [{ state: "RUNNING", at: startedAt, attempt: 1 }];
  const load = aTask("load", { ...running, attempts, stateHistory } as never);
  const then = { ...FAILED, ...running, failure: null, taskRuns: [load], stateHistory };
  const events = [{ ...EVENT, at: "2026-01-14T02:00:16Z" }];
  opened({ ...FAILED, events }, { task: load }, "?at=2&task=load&tab=overview", then);
  const inspector = await screen.findByRole("region", { name: "Inspector" });
  await waitFor(() => expect(within(inspector).getAllByText("16s").length).toBeGreaterThan(1));
  const banner = screen.getByTestId("state").closest("header")!;
  expect(banner.textContent).toContain("Running16s");
});

it("shows no summary for a success, and says why it cannot be run again when the flow was deleted", async () => {
  opened(aSnapshot({ state: "SUCCESS", endedAt: "2026-01-14T02:04:12Z" }), { flow: null });
  const again = await screen.findByRole("button", { name: "Run again" });
  expect(again.getAttribute("aria-disabled")).toBe("true");
  expect(screen.queryByRole("region", { name: /Why|ended|Approval/ })).toBeNull();
});

it("shows the summary with the change that reports the failure", async () => {
  const { changes } = opened(aSnapshot({ taskRuns: [aTask("load", { state: "RUNNING" })] }));
  await screen.findByRole("heading", { name: "nightly-orders-2" });
  expect(screen.queryByRole("region", { name: "Why it failed" })).toBeNull();
  const { taskRuns, approvals, notes, artifacts, children, cursor, ...head } = { ...FAILED, seq: 9 };
  await act(async () =>
    changes.push({
      executionChanges: {
        reset: false,
        cursor: "cursor-9",
        seq: 9,
        execution: head,
        taskRuns,
        goneArtifactIds: [],
        approvals: [],
        notes: [],
        artifacts: [],
        children: [],
        events: [],
      },
    }),
  );
  await waitFor(() => expect(screen.getByRole("region", { name: "Why it failed" })).toBeTruthy());
  expect(screen.getByTestId("state").textContent).toContain("Failed");
  // The selection does not change: only the strip reports the failure.
  expect(screen.getByRole("heading", { name: "Whole execution" })).toBeTruthy();
});

it("shows no other moment in place of a missing one, and links back to now", async () => {
  const { router } = opened(FAILED, {}, "?at=999");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("as it was after event 999 could not be loaded");
  expect(alert.textContent).toContain("1 to 3");
  expect(screen.queryByText(/The page as it was/)).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Back to now" }));
  expect(await screen.findByRole("region", { name: "Why it failed" })).toBeTruthy();
  expect(router.state.location.search).not.toHaveProperty("at");
});
