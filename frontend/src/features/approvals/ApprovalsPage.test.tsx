import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { InboxItemFragment } from "@/shared/graphql/gen/graphql";
import { keyGroups, keysOf } from "@/shared/lib/keys";
import { preferences } from "@/shared/lib/preferences";
import { anInboxItem } from "@/testing/fixtures";
import { Stream, show, type World } from "@/testing/world";

type Message = { approvals: unknown };

function world(more: World = {}) {
  const subscriptions: { where: unknown; stream: Stream<Message> }[] = [];
  return {
    subscriptions,
    root: {
      approvals: ({ where }: { where: unknown }) => {
        const stream = new Stream<Message>();
        subscriptions.push({ where, stream });
        return stream;
      },
      ...more,
    } as World,
    send: (changed: InboxItemFragment[], over: { reset?: true; gone?: string[] } = {}) =>
      act(async () => {
        const totalCount = { value: changed.length, exact: true };
        subscriptions
          .at(-1)!
          .stream.push({ approvals: { reset: false, gone: [], totalCount, changed, ...over } });
      }),
  };
}

const load = anInboxItem();
const release = anInboxItem({ id: "appr_2", message: "Release it?", requestedAt: "2026-01-14T03:00:00Z" });

async function opened(address: string, more?: World) {
  const made = world(more);
  const shown = show(address, made.root);
  await waitFor(() => expect(made.subscriptions).toHaveLength(1));
  return { ...made, ...shown };
}

it("lists requests that the viewer may decide, or all, as the URL says", async () => {
  const user = userEvent.setup();
  const { subscriptions, send, router } = await opened("/approvals");
  expect(subscriptions[0]!.where).toMatchObject({ state: ["PENDING"], mine: true });
  await send([], { reset: true });
  expect(await screen.findByText("No approvals are waiting for you.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "All" }));
  await waitFor(() => expect(subscriptions).toHaveLength(2));
  expect(router.state.location.search).toEqual({ show: "all" });
  expect(subscriptions[1]!.where).toMatchObject({ state: ["PENDING"], mine: null });
});

it("shows each request and its execution; a decided one disappears", async () => {
  const { send } = await opened("/approvals?show=all");
  await send([release, load], { reset: true });
  const rows = await screen.findAllByRole("listitem");
  expect(rows.map((row) => row.dataset.approval)).toEqual(["appr_1", "appr_2"]);
  expect(rows[0]!.textContent).toContain("acme.data / nightly-orders · ask");
  expect(rows[0]!.textContent).toContain("Requested byadmin");
  expect(rows[0]!.textContent).toContain("Votes0 of 1");
  expect(within(rows[0]!).getByRole("link").getAttribute("href")).toBe("/executions/exec_2");
  await send([], { gone: ["appr_1"] });
  expect(screen.getAllByRole("listitem").map((row) => row.dataset.approval)).toEqual(["appr_2"]);
});

it("has keyboard shortcuts that are listed and can be switched off", async () => {
  const user = userEvent.setup();
  const { send } = await opened("/approvals");
  await send([load, release], { reset: true });
  preferences.set({ keys: false });
  await user.keyboard("ja{Enter}");
  expect(screen.queryByLabelText(/^Comment/)).toBeNull();
  preferences.set({ keys: true });
  const offered = keyGroups.get().find(({ name }) => name === "Approvals")!;
  expect(offered.keys().flatMap(keysOf)).toEqual(["j", "k", "Enter", "a", "Escape"]);
  await user.keyboard("jj{Enter}");
  const row = screen.getAllByRole("listitem")[1]!;
  expect(within(row).getByLabelText(/^Comment/)).toBeTruthy();
});

it("shows the decision and its author when the viewer's answer came too late", async () => {
  const user = userEvent.setup();
  const votes = [{ actor: { name: "maria" }, decision: "APPROVE" }];
  const approve = vi.fn(() => ({
    execution: null,
    problems: [
      {
        __typename: "AlreadyDecided",
        code: "ALREADY_DECIDED",
        message: "this request is APPROVED already",
        path: null,
        request: { state: "APPROVED", decidedAt: new Date().toISOString(), votes },
      },
    ],
  }));
  const { send } = await opened("/approvals", { approve });
  await send([load], { reset: true });
  await user.keyboard("a");
  expect(document.activeElement).toBe(screen.getByLabelText(/^Comment/));
  await user.keyboard("fine");
  await user.click(screen.getByRole("button", { name: "Approve" }));
  expect((await screen.findByRole("alert")).textContent).toBe(
    "Approved by maria just now; your answer came too late and changed nothing.",
  );
});

it("keeps an open request that another user decides, shows the decision, and removes it once closed", async () => {
  const user = userEvent.setup();
  const node = () => ({ __typename: "Approval", ...load, state: "REJECTED", decidedAt: null });
  const { send } = await opened("/approvals", { node });
  await send([load, release], { reset: true });
  await user.keyboard("j{Enter}");
  await user.type(screen.getByLabelText(/^Comment/), "half a word");
  await send([], { gone: ["appr_1"] });
  expect((await screen.findByText(/^Rejected\. Nothing is left to decide/)).textContent).toBeTruthy();
  expect(screen.queryByLabelText(/^Comment/)).toBeNull();
  await user.click(screen.getByRole("button", { name: /^Close: Load 1250 rows/ }));
  expect(screen.getAllByRole("listitem").map((row) => row.dataset.approval)).toEqual(["appr_2"]);
});
