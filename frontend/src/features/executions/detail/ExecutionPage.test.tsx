import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { ExecutionViewFragment } from "@/shared/graphql/gen/graphql";
import { aLine, anApproval, aTask, aView, NO_LOGS } from "@/testing/fixtures";
import { Stream, show, type World } from "@/testing/world";

const refusing = (code: string, message: string) => ({
  execution: null,
  problems: [{ __typename: "GenericProblem", code, message, path: null }],
});

function world(view: ExecutionViewFragment | null, more: World = {}) {
  const live = new Stream<{ execution: ExecutionViewFragment }>();
  // The page reads an execution by a query and follows it by a subscription of the same name.
  const execution = (_: unknown, __: unknown, info: { operation: { operation: string } }) =>
    info.operation.operation === "subscription"
      ? live
      : view && {
          logs: () => NO_LOGS,
          inputs: { day: "2026-01-14" },
          outputs: { rows: 1250 },
          properties: {},
          metrics: [],
          artifacts: [],
          children: [],
          notes: [],
          ...view,
        };
  const root = {
    execution,
    executionEvents: () => new Stream(),
    logs: () => new Stream(),
    ...more,
  } as unknown as World;
  return {
    root,
    send: (arrived: ExecutionViewFragment) => act(async () => live.push({ execution: arrived })),
  };
}

const FAILED = aView({
  state: "FAILED_FINISHING",
  taskRuns: [
    aTask("extract", { state: "FAILED", error: { code: "FAILED", message: "exit code 3" } }),
    aTask("load", { state: "CANCELLED" }),
  ],
  failure: {
    attempt: 2,
    code: "FAILED",
    message: "connection refused",
    exitCode: 3,
    others: 2,
    logLine: 7,
    taskRun: { id: "run_extract", key: "extract" },
    skipped: [{ id: "run_load", key: "load" }],
  },
  availableActions: [
    { action: "CANCEL", allowed: true, code: null, reason: null },
    {
      action: "RESUME",
      allowed: false,
      code: "INVALID_STATE",
      reason: "only a PAUSED execution can be resumed",
    },
    { action: "RETRY_FAILED", allowed: true, code: null, reason: null },
    { action: "RESTART", allowed: false, code: "INVALID_STATE", reason: "only a FAILED one" },
    { action: "ADD_NOTE", allowed: true, code: null, reason: null },
  ],
});

describe("downloads", () => {
  it("are a report, the log and the record", async () => {
    const user = userEvent.setup();
    show("/executions/exec_2", world(FAILED).root);
    await user.click(await screen.findByRole("button", { name: "Download" }));
    const links = await screen.findAllByRole<HTMLAnchorElement>("menuitem");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      "/executions/exec_2/report.pdf",
      "/executions/exec_2/logs.txt",
      "/executions/exec_2/record.json?logs=true",
    ]);
  });
});

describe("a failure", () => {
  const lines = [aLine(6), aLine(7, { level: "ERROR", text: "exit code 3" }), aLine(8)];
  const logs = () => ({ ...NO_LOGS, nodes: lines });

  it("says which task, after how many attempts, what it said and what was skipped, and marks the line", async () => {
    show("/executions/exec_2", world({ ...FAILED, logs } as never).root);
    const cause = await screen.findByRole("region", { name: "Why it failed" });
    expect(cause.textContent).toContain("extract failed after 2 attempts: connection refusedexit code 3");
    expect(cause.textContent).toContain("+ 2 other tasks failed");
    expect(cause.textContent).toContain("load did not run because of it.");
    await waitFor(() => expect(cause.querySelector("[data-marked]")?.textContent).toContain("exit code 3"));
    expect(within(cause).getByRole("link", { name: "Show line 7 in the log" }).getAttribute("href")).toBe(
      "#L7",
    );
  });

  it("offers what is allowed first, the rest greyed, two names of one wish once, the rarer behind More", async () => {
    show("/executions/exec_2", world(FAILED).root);
    const buttons = within(await screen.findByRole("group", { name: "Actions" })).getAllByRole("button");
    expect(
      buttons.map((button) => [button.textContent, button.getAttribute("aria-disabled") ?? "false"]),
    ).toEqual([
      ["Retry failed", "false"],
      ["Cancel", "false"],
      ["Resume", "true"],
      ["Run again", "false"],
      ["Download", "false"],
      ["More", "false"],
    ]);
  });
});

/** Of a viewer who may do no more than look. */
const VIEWER = () => ({ actor: { name: "vera" }, permissions: ["VIEW_EXECUTION"] });

it("greys Run again for who may not run, and says why", async () => {
  const user = userEvent.setup();
  show("/executions/exec_2", world(FAILED, { viewer: VIEWER }).root);
  await screen.findByRole("button", { name: "Run again" });
  const state = () => screen.getByRole("button", { name: "Run again" }).getAttribute("aria-disabled");
  await waitFor(() => expect(state()).toBe("true"));
  await user.hover(screen.getByRole("button", { name: "Run again" }));
  expect((await screen.findByRole("tooltip")).textContent).toBe(
    "vera may look, but start nothing: that needs the permission RUN_FLOW.",
  );
  await user.click(screen.getByRole("button", { name: "Run again" }));
  expect(screen.queryByRole("dialog")).toBeNull();
});

describe("an execution that is only recorded", () => {
  const why = "It ran elsewhere and is only recorded here.";
  const recorded = aView({ origin: "EXTERNAL", state: "SUCCESS", revision: null });

  it("is marked so, and one that ran here is not", async () => {
    const { unmount } = show("/executions/exec_2", world(recorded).root);
    expect((await screen.findByText("Recorded")).title).toBe(why);
    unmount();
    show("/executions/exec_2", world(FAILED).root);
    await screen.findByRole("button", { name: "Run again" });
    expect(screen.queryByText("Recorded")).toBeNull();
  });

  it("cannot be run again, and says why", async () => {
    const user = userEvent.setup();
    show("/executions/exec_2", world(recorded).root);
    const again = await screen.findByRole("button", { name: "Run again" });
    expect(again.getAttribute("aria-disabled")).toBe("true");
    await user.hover(again);
    expect((await screen.findByRole("tooltip")).textContent).toBe(why);
    await user.click(again);
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("an action", () => {
  it("sends the reason, and shows the server's sentence when refused", async () => {
    const user = userEvent.setup();
    const cancelExecution = vi.fn((_: unknown) => refusing("CONFLICT", "it changed meanwhile"));
    show("/executions/exec_2", world(FAILED, { cancelExecution }).root);
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    await user.type(await screen.findByLabelText("Reason"), "wrong day");
    await user.click(screen.getByRole("button", { name: "Cancel execution" }));
    expect((await screen.findByRole("alert")).textContent).toBe("it changed meanwhile");
    expect(cancelExecution.mock.calls[0]![0]).toMatchObject({ input: { id: "exec_2", reason: "wrong day" } });
  });

  it("folds the answer in at once, and does nothing when it is not allowed", async () => {
    const user = userEvent.setup();
    const retryFailed = vi.fn(() => ({
      execution: { __typename: "Execution", id: "exec_2", seq: 9, state: "RUNNING" },
      problems: [],
    }));
    const resumeExecution = vi.fn();
    show("/executions/exec_2", world(FAILED, { retryFailed, resumeExecution }).root);
    await user.click(await screen.findByRole("button", { name: "Resume" }));
    expect(resumeExecution).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Retry failed" }));
    await waitFor(() => expect(screen.getByTestId("state").textContent).toBe("Running"));
  });
});

it("follows the execution, and an older state never overwrites a newer one", async () => {
  const { root, send } = world(aView());
  show("/executions/exec_2", root);
  await screen.findByRole("heading", { name: "nightly-orders-2" });
  await send(aView({ seq: 8, state: "SUCCESS" }));
  expect(screen.getByTestId("state").textContent).toBe("Success");
  await send(aView({ seq: 7, state: "RUNNING" }));
  expect(screen.getByTestId("state").textContent).toBe("Success");
});

it("names a few of many reasons to wait", async () => {
  const waitingFor = Array.from({ length: 1000 }, (_, index) => ({
    code: "TIME" as const,
    message: "not before its time",
    until: null,
    taskRun: { id: `run_${index}`, key: `each[${index}].pause` },
    execution: null,
  }));
  show("/executions/exec_2", world(aView({ waitingFor })).root);
  const reasons = within(await screen.findByRole("list", { name: "Waiting for" })).getAllByRole("listitem");
  expect(reasons).toHaveLength(6);
  expect(reasons.at(-1)!.textContent).toBe("and 995 more, each told at its task");
});

it("leads to the execution below whose request it waits for", async () => {
  const waitingFor = [
    {
      code: "APPROVAL" as const,
      message: "approval by role admin, 0 of 1 given (gate-1: ok)",
      until: null,
      taskRun: { id: "run_1", key: "sub" },
      execution: { id: "exec_9", name: "gate-1" },
    },
  ];
  show("/executions/exec_2", world(aView({ waitingFor })).root);
  const link = await screen.findByRole("link", { name: "Open gate-1" });
  expect(link.getAttribute("href")).toBe("/executions/exec_9");
});

it("asks for an approval, and shows the refusal in the server's words", async () => {
  const user = userEvent.setup();
  const approve = vi.fn((_: unknown) => refusing("VALIDATION", "a comment is needed"));
  const approval = anApproval();
  show(
    "/executions/exec_2",
    world(aView({ state: "WAITING_FOR_APPROVAL", approvals: [approval] }), { approve }).root,
  );
  const card = await screen.findByRole("region", { name: "Approval needed: ask" });
  expect(card.textContent).toContain("One approval is enough. By the role operator.");
  await user.click(within(card).getByRole("button", { name: "Approve" }));
  expect((await within(card).findByRole("alert")).textContent).toBe("a comment is needed");
  await user.type(within(card).getByLabelText("Comment"), "fine");
  await user.click(within(card).getByRole("button", { name: "Approve" }));
  await waitFor(() =>
    expect(approve.mock.calls[1]![0]).toMatchObject({ input: { approvalId: "appr_1", comment: "fine" } }),
  );
});

it("shows inputs and outputs", async () => {
  show("/executions/exec_2", world(aView()).root);
  expect((await screen.findByRole("group", { name: "Outputs" })).textContent).toContain("1250");
  expect(screen.getByRole("group", { name: "Inputs" }).textContent).toContain("2026-01-14");
});

it("says so when there is no such execution", async () => {
  show("/executions/exec_none", world(null).root);
  expect(await screen.findByText("There is no such execution, or you may not see it.")).toBeTruthy();
});
