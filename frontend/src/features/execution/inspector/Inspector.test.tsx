import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { records } from "@/entities/execution/useRecord";
import type { EventMarkFragment } from "@/shared/graphql/gen/graphql";
import { anApproval, aSnapshot, aTask, NO_LOGS } from "@/testing/fixtures";
import { Stream, show, type World } from "@/testing/world";

// The page is loaded part by part, each when its tab is opened.
vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import("@/routes/ExecutionScreen"), 60_000);

const AT = "2026-01-14T02:00:00.000000Z";
const NONE = { nodes: [], edges: [], truncated: false };
const actor = { kind: "USER", name: "maria" } as const;

function anEvent(seq: number, over: Partial<EventMarkFragment> = {}): EventMarkFragment {
  return {
    id: `evt_${seq}`,
    seq,
    at: AT,
    type: "EXECUTION_STATE_CHANGED",
    fromState: null,
    toState: "RUNNING",
    attempt: null,
    actor: { kind: "ENGINE", name: "engine" },
    channel: "ENGINE",
    reason: null,
    causedBy: null,
    taskRun: null,
    ...over,
  };
}

const anAttempt = (number: number) => ({
  id: `att_${number}`,
  number,
  state: "FAILED" as const,
  worker: "worker:vm-7",
  startedAt: AT,
  endedAt: AT,
  duration: 1,
  exitCode: 3,
  error: { code: "EXIT_CODE", message: `refused ${number}` },
  resources: null,
});
const load = aTask("load", {
  state: "FAILED",
  error: { code: "EXIT_CODE", message: "refused 2" },
  attempts: [anAttempt(1), anAttempt(2)],
  task: { key: "load", type: "shell", needs: ["extract"], section: "TASKS" },
});
const extract = aTask("extract");

/** An execution with the data of all tabs. */
function execution(over: Record<string, unknown> = {}) {
  const { cursor, ...snapshot } = aSnapshot({ taskRuns: [extract, load] });
  return {
    ...snapshot,
    cursor,
    inputs: { day: "sunday", mode: "append" },
    outputs: {},
    properties: {},
    stateHistory: [{ seq: 1, state: "CREATED", at: AT, actor, reason: null }],
    lastSuccess: {
      ...aSnapshot({ name: "orders-1" }),
      inputs: { day: "monday", mode: "append" },
      task: () => null,
    },
    parent: null,
    rerunOf: null,
    replayOf: null,
    cachedFrom: null,
    resolvedBy: null,
    previous: null,
    next: null,
    flow: null,
    task: ({ key }: { key: string }) => ({
      ...(key === "load" ? load : extract),
      inputs: {},
      outputs: {},
      waitingFor: [],
      attempts: [],
      availableActions: [],
    }),
    events: () => [],
    metrics: () => [],
    dependencies: () => NONE,
    usualTaskDurations: [],
    logs: () => ({ ...NO_LOGS, edges: [], totalCount: { value: 0, exact: true } }),
    logCounts: () => [],
    availableActions: [
      { action: "ADD_NOTE", allowed: true, code: null, reason: null },
      { action: "SET_LABELS", allowed: false, code: "FORBIDDEN", reason: "only operators may" },
    ],
    waitingFor: [],
    ...over,
  };
}

async function opened(search: string, over: Record<string, unknown> = {}, more: World = {}) {
  const shown = execution(over);
  const changes = new Stream<{ executionChanges: unknown }>();
  const world = show(`/executions/exec_2?${search}`, {
    execution: () => shown,
    executionChanges: () => changes,
    logs: () => new Stream(),
    ...more,
  } as World);
  const change = (part: Record<string, unknown>) =>
    act(async () =>
      changes.push({
        executionChanges: {
          reset: false,
          cursor: "cursor-4",
          seq: 4,
          more: false,
          execution: shown,
          taskRuns: [],
          goneArtifactIds: [],
          approvals: [],
          metrics: [],
          notes: [],
          artifacts: [],
          children: [],
          events: [],
          ...part,
        },
      }),
    );
  const inspector = await screen.findByRole("region", { name: "Inspector" });
  return { ...world, change, inspector: within(inspector) };
}

beforeEach(() => {
  records.delete("exec_2");
  localStorage.clear();
  // jsdom does no layout; a list draws only the rows that fit in its box.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(400);
});

it("keeps tab, task and attempt in the URL, and goes up to the whole execution", async () => {
  const user = userEvent.setup();
  const { inspector, router } = await opened("task=load");
  expect(inspector.getByRole("tab", { name: "Logs" }).getAttribute("aria-selected")).toBe("true");
  expect(inspector.getByText("on vm-7")).toBeTruthy();
  await user.click(inspector.getByRole("button", { name: "Attempt 1, Failed" }));
  await user.click(inspector.getByRole("tab", { name: "Overview" }));
  expect(await inspector.findByText("refused 1")).toBeTruthy();
  expect(router.state.location.search).toMatchObject({ task: "load", tab: "overview", attempt: "1" });
  await user.click(await inspector.findByRole("button", { name: /extract/ }));
  expect(router.state.location.search).toEqual({ task: "extract" });
  await user.click(inspector.getByRole("button", { name: "Back to the whole execution" }));
  expect(router.state.location.search).toEqual({ task: "" });
  expect(inspector.getByRole("heading", { name: "Whole execution" })).toBeTruthy();
});

it("says that a task was not run", async () => {
  const late = aTask("late", { state: "CANCELLED", startedAt: null, endedAt: AT });
  const { inspector } = await opened("task=late&tab=overview", { state: "FAILED", taskRuns: [late] });
  const state = await inspector.findByRole("region", { name: "State" });
  expect(state.textContent).toContain("Not run");
  expect(state.textContent).not.toContain("Cancelled");
});

it("moves between tabs with the arrow keys, and opens one with Enter", async () => {
  const user = userEvent.setup();
  const { inspector, router } = await opened("task=");
  inspector.getByRole("tab", { name: "Overview" }).focus();
  await user.keyboard("{ArrowRight}");
  expect(document.activeElement?.textContent).toBe("Outputs");
  expect(router.state.location.search).toEqual({ task: "" });
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.search).toEqual({ task: "", tab: "outputs" }));
});

it("marks inputs that changed since the last success; hides actions that a role never allows", async () => {
  const { inspector } = await opened("task=&tab=overview");
  const inputs = within(await inspector.findByRole("region", { name: "Inputs" }));
  expect(await inputs.findByText("1 of 2 changed since the last success")).toBeTruthy();
  expect(inputs.getAllByRole("definition").map((one) => one.textContent)).toEqual([
    "was monday → now sunday",
    "append",
  ]);
  expect(await inspector.findByRole("button", { name: "Add note" })).toBeTruthy();
  expect(inspector.queryByRole("button", { name: "Edit labels" })).toBeNull();
});

it("shows the id of the execution, with a copy button", async () => {
  const { inspector } = await opened("task=&tab=overview");
  const shown = within(await inspector.findByRole("region", { name: "Id" }));
  shown.getByText("exec_2");
  shown.getByRole("button", { name: "Copy the id exec_2" });
});

it("shows notes, approvals and events live", async () => {
  const { inspector, change } = await opened("task=&tab=overview");
  expect(inspector.queryByRole("tab", { name: /Approvals/ })).toBeNull();
  await change({
    notes: [{ id: "note_1", text: "It is **known**.", at: AT, author: actor }],
    approvals: [anApproval()],
  });
  const notes = await inspector.findByRole("region", { name: "Notes" });
  await waitFor(() => expect(notes.textContent).toContain("It is known."));
  expect(inspector.getByRole("tab", { name: /Approvals/ }).textContent).toContain("1");
});

it("lists failures with their cause, all events on request, and links to the cause of an event", async () => {
  const user = userEvent.setup();
  const history = [
    anEvent(1, { type: "EXECUTION_CREATED", actor, channel: "UI" }),
    anEvent(2, { type: "PROGRESS_REPORTED", toState: null, taskRun: load }),
    anEvent(3, { type: "ATTEMPT_ENDED", toState: "FAILED", attempt: 2, taskRun: load, causedBy: 2 }),
  ];
  const { inspector, change, router } = await opened("task=&tab=events", { events: () => history });
  const list = within(await inspector.findByRole("group", { name: "Events" }));
  const rows = () => list.getAllByRole("listitem").map((item) => item.querySelector("div")!.textContent);
  await waitFor(() =>
    expect(rows()).toEqual([
      "The execution was created by maria on the page",
      "load failed in attempt 2refused 2",
    ]),
  );
  await change({ events: [anEvent(4, { type: "NOTE_ADDED", toState: null, actor, channel: "API" })] });
  await waitFor(() => expect(rows().at(-1)).toBe("The execution got a note by maria through the API"));
  await user.click(list.getByRole("button", { name: "caused by event 2" }));
  expect(await list.findByText(/reported its progress/)).toBeTruthy();
  expect(inspector.getByRole("radio", { name: "Main events" })).toHaveProperty("checked", true);
  await user.click(within(list.getAllByRole("listitem")[2]!).getAllByRole("button")[0]!);
  expect(router.state.location.search).toMatchObject({ at: "3" });
});

it("reads earlier pages up to the event that caused another", async () => {
  const user = userEvent.setup();
  const height = vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(30); // a row has one
  onTestFinished(() => height.mockRestore());
  const history = Array.from({ length: 1500 }, (_, at) => anEvent(at + 1));
  history[11] = anEvent(12, { type: "OUTPUTS_SET", reason: "because of it" });
  history[502] = anEvent(503, { causedBy: 12 });
  const events = ({ before, last }: { before: number | null; last: number }) =>
    history.filter(({ seq }) => before === null || seq < before).slice(-last);
  const { inspector } = await opened("task=&tab=events", { seq: 1500, events });
  const list = within(await inspector.findByRole("group", { name: "Events" }));
  await user.click(await list.findByRole("button", { name: "caused by event 12" }));
  expect(await list.findByText("“because of it”")).toBeTruthy();
});

it("shows the cause of a task's event among the events of the whole execution", async () => {
  const user = userEvent.setup();
  const history = [
    anEvent(1, { taskRun: extract, toState: "SUCCESS", type: "TASK_RUN_STATE_CHANGED" }),
    anEvent(2, { taskRun: load, causedBy: 1, type: "TASK_RUN_STATE_CHANGED" }),
  ];
  const events = ({ taskRunId }: { taskRunId: string | null }) =>
    history.filter(({ taskRun }) => !taskRunId || taskRun?.id === taskRunId);
  const { inspector, router } = await opened("task=load&tab=events", { events });
  await user.click(await inspector.findByRole("button", { name: "caused by event 1" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ task: "", tab: "events" }));
  expect(await inspector.findByText("extract")).toBeTruthy();
});

it("keeps loaded outputs when another task starts, and reads those of that task", async () => {
  const nodes = vi.fn(({ ids }: { ids: string[] }) =>
    ids.includes("run_extract") ? [{ ...extract, outputs: { rows: 7 } }] : new Promise(() => {}),
  );
  const { inspector, change } = await opened("task=&tab=outputs", { taskRuns: [extract] }, {
    nodes,
  } as World);
  expect(await inspector.findByRole("group", { name: "Outputs of extract" })).toBeTruthy();
  await change({ taskRuns: [aTask("clean", { state: "RUNNING" })] });
  await waitFor(() => expect(nodes.mock.calls.at(-1)![0].ids).toEqual(["run_clean"]));
  expect(inspector.getByRole("group", { name: "Outputs of extract" })).toBeTruthy();
});

it("shows the current state of the execution that a task was cached from", async () => {
  const cachedFrom = { __typename: "Execution", id: "exec_1", name: "orders-1", state: "WARNING" as const };
  const { inspector } = await opened("task=load&tab=overview", {
    taskRuns: [aTask("load", { state: "CACHED", startedAt: null, cachedFrom })],
  });
  expect(await inspector.findByRole("link", { name: /^Warning\s*orders-1$/ })).toBeTruthy();
});

it.each(["lineage", "dependencies"])("says that %s shows the current data", async (tab) => {
  const { inspector } = await opened(`task=&tab=${tab}&at=2`, {}, { lineage: () => NONE } as World);
  expect((await inspector.findByRole("note")).textContent).toContain("As it is now");
});

it("shows the position of an error in an expression", async () => {
  const user = userEvent.setup();
  const error = { message: "`nowhere` is not defined", line: 1, column: 4 };
  const { inspector } = await opened("task=load&tab=outputs", {}, {
    nodes: () => [{ ...load, outputs: { rows: 7 } }],
    debugExpression: () => ({ value: null, type: null, error }),
  } as World);
  const outputs = await inspector.findByRole("group", { name: "Outputs of load" });
  expect(within(outputs).getByRole("button", { name: "Copy {{ outputs.load.rows }}" })).toBeTruthy();
  await user.type(inspector.getByRole("textbox", { name: "Expression" }), "nowhere{Enter}");
  expect(await inspector.findByText("line 1, column 4")).toBeTruthy();
  expect(inspector.getByText(error.message)).toBeTruthy();
});

it.each([
  ["outputs", "No outputs yet."],
  ["artifacts", "No artifacts made."],
  ["dependencies", "No related executions."],
  ["events", "No events yet."],
  ["lineage", "This execution did not use or make any artifacts."],
])("shows a message when %s is empty", async (tab, words) => {
  const { inspector } = await opened(`task=&tab=${tab}`, {}, {
    nodes: () => [],
    lineage: () => NONE,
  } as World);
  expect(await inspector.findByText(words)).toBeTruthy();
});

it("shows a message when something could not be read", async () => {
  const refuse = () => {
    throw new Error("the database is away");
  };
  const { inspector } = await opened("task=&tab=lineage", {}, { lineage: refuse } as World);
  expect((await inspector.findByRole("alert")).textContent).toContain("The lineage could not be loaded.");
});
