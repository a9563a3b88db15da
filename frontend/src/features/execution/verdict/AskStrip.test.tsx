import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { records } from "@/entities/execution/useRecord";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { anApproval, aSnapshot, aTask } from "@/testing/fixtures";
import { Stream, show } from "@/testing/world";

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import("@/routes/ExecutionScreen"), 60_000);
afterEach(() => records.delete("exec_2"));

const request = (key: string, over: Partial<ApprovalViewFragment> = {}) =>
  anApproval({
    id: `appr_${key}`,
    message: `Release ${key}?`,
    taskRun: { id: `run_${key}`, key },
    comment: "ON_REJECT",
    ...over,
  });
const vote = { actor: { kind: "USER" as const, name: "admin" }, at: "2026-01-14T02:00:00Z", comment: null };

function opened(approvals: ApprovalViewFragment[]) {
  const changes = new Stream<object>();
  const approve = vi.fn((_: { input: { approvalId: string } }) => ({ execution: null, problems: [] }));
  const snapshot = aSnapshot({
    state: "WAITING_FOR_APPROVAL",
    taskRuns: approvals.map(({ taskRun }) => aTask(taskRun.key, { state: "WAITING_FOR_APPROVAL" })),
    approvals,
  });
  const execution = {
    ...snapshot,
    inputs: {},
    properties: {},
    flow: null,
    durationStats: null,
    previous: null,
    next: null,
    resolvedBy: null,
    lastSuccess: null,
    stateHistory: [],
    waitingFor: [],
    availableActions: [],
    usualTaskDurations: [],
    events: [],
    logCounts: [],
  };
  show("/executions/exec_2?task=", {
    execution: () => execution,
    executions: () => ({ nodes: [], totalCount: { value: 0, exact: true } }),
    executionChanges: () => changes,
    viewer: () => ({ actor: { kind: "USER", name: "admin" }, permissions: [] }),
    approve,
  });
  let seq = 3;
  const change = (changed: ApprovalViewFragment[]) =>
    act(async () => {
      seq += 1;
      changes.push({
        executionChanges: {
          reset: false,
          cursor: `cursor-${seq}`,
          seq,
          execution: { ...snapshot, seq },
          taskRuns: [],
          goneArtifactIds: [],
          approvals: changed,
          notes: [],
          artifacts: [],
          children: [],
          events: [],
        },
      });
    });
  return { approve, change };
}

it("shows the result after a decision, and the next request only after a click", async () => {
  const { approve, change } = opened([request("a"), request("b")]);
  const asks = await screen.findByRole("region", { name: "Approval needed: a" });
  await userEvent.click(await within(asks).findByRole("button", { name: "Approve" }));
  await waitFor(() => expect(approve).toHaveBeenCalledOnce());
  await change([
    request("a", { state: "APPROVED", votes: [{ ...vote, decision: "APPROVE", override: false }] }),
  ]);
  const result = await screen.findByRole("region", { name: "Decision: a" });
  expect(within(result).getByRole("status").textContent).toBe("You approved");
  expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
  await userEvent.click(within(result).getByRole("button", { name: "Next question: b" }));
  const next = await screen.findByRole("region", { name: "Approval needed: b" });
  await userEvent.click(await within(next).findByRole("button", { name: "Approve" }));
  await waitFor(() => expect(approve.mock.calls.at(-1)![0].input.approvalId).toBe("appr_b"));
});

it("shows who still has to approve", async () => {
  const groups = [
    { name: "ops", users: [], roles: ["operator"], required: 1, given: 0 },
    { name: "security", users: ["omar", "maria"], roles: [], required: 1, given: 0 },
  ];
  const { change } = opened([request("a", { groups })]);
  const asks = await screen.findByRole("region", { name: "Approval needed: a" });
  await userEvent.click(await within(asks).findByRole("button", { name: "Approve" }));
  const result = await screen.findByRole("region", { name: "Decision: a" });
  expect(within(result).getByRole("status").textContent).toBe("You approved");
  await change([
    request("a", {
      groups: [{ ...groups[0]!, given: 1 }, groups[1]!],
      canDecide: false,
      votes: [{ ...vote, decision: "APPROVE", override: false }],
    }),
  ]);
  expect(within(result).getByRole("status").textContent).toBe(
    "You approved; security still has to approve: omar or maria",
  );
  await userEvent.click(within(result).getByRole("button", { name: "Close" }));
  expect(await screen.findByRole("region", { name: "Approval needed: a" })).toBeTruthy();
});

it("keeps a half-written comment when another request arrives that the viewer may decide", async () => {
  const { change } = opened([request("a", { comment: "ALWAYS", canDecide: false, canOverride: true })]);
  const asks = await screen.findByRole("region", { name: "Approval needed: a" });
  await userEvent.click(await within(asks).findByRole("checkbox", { name: /^Override/ }));
  await userEvent.type(within(asks).getByLabelText(/^Reason/), "half a word");
  await change([request("b")]);
  expect(within(asks).getByLabelText<HTMLTextAreaElement>(/^Reason/).value).toBe("half a word");
  await userEvent.click(within(asks).getByRole("button", { name: "b: Release b?" }));
  expect(await screen.findByRole("region", { name: "Approval needed: b" })).toBeTruthy();
});

it("shows how another user decided the request, and the next one only after a click", async () => {
  const { change } = opened([request("a"), request("b")]);
  await screen.findByRole("region", { name: "Approval needed: a" });
  const votes = [
    {
      ...vote,
      actor: { kind: "USER" as const, name: "maria" },
      decision: "REJECT" as const,
      override: false,
    },
  ];
  await change([request("a", { state: "REJECTED", votes })]);
  const result = await screen.findByRole("region", { name: "Decision: a" });
  expect(within(result).getByRole("status").textContent).toBe("Rejected by maria");
});
