import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { Stream, show } from "@/testing/world";
import type { Change } from "./rows";

type Message = { executionList: Partial<Change> & { cursor: string } };

function world(choices: { namespace: string; key: string }[] = []) {
  const lists: { args: unknown; stream: Stream<Message> }[] = [];
  return {
    lists,
    send: (change: Partial<Change>) =>
      act(async () => {
        const message = {
          reset: false,
          enter: [],
          update: [],
          leave: [],
          totalCount: { value: 1, exact: true },
          cursor: "c",
        };
        lists.at(-1)!.stream.push({ executionList: { ...message, ...change } });
      }),
    root: {
      flows: () => ({ nodes: choices.map((flow) => ({ ...flow, id: flow.key, kind: "etl" })) }),
      namespaces: () => [],
      executionList: (args: unknown) => {
        const stream = new Stream<Message>();
        lists.push({ args, stream });
        return stream;
      },
      execution: () => ({
        id: "exec_2",
        seq: 3,
        state: "RUNNING",
        labels: [],
        availableActions: [
          { action: "CANCEL", allowed: true },
          {
            action: "RESUME",
            allowed: false,
            code: "INVALID_STATE",
            reason: "only a PAUSED execution can be resumed",
          },
          { action: "RESTART", allowed: false, code: "NOT_YET", reason: "restart is not built yet" },
        ],
      }),
    },
  };
}

async function opened(address = "/", choices?: { namespace: string; key: string }[]) {
  const made = world(choices);
  const shown = show(address, made.root);
  await waitFor(() => expect(made.lists).toHaveLength(1));
  return { ...made, ...shown };
}

const entering = (...rows: ReturnType<typeof aRow>[]) => rows.map((node) => ({ node }));

describe("rows", () => {
  it("shows the window and updates a row in place", async () => {
    const { send } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    const row = await screen.findByRole("row", { name: /nightly-orders-2/ });
    expect(row.textContent).toContain("Running");
    expect(within(row).getByRole("progressbar").getAttribute("aria-valuenow")).toBe("42");
    await send({
      update: [aRow({ seq: 4, state: "SUCCESS", progress: 1, endedAt: "2026-01-14T02:03:05Z" })],
    });
    expect(row.textContent).toContain("Success");
    expect(row.textContent).toContain("3m 05s");
  });

  it("says why it failed in the row", async () => {
    const { send } = await opened();
    const failure = { message: "exit code 3", taskRun: { id: "run_1", key: "extract" } };
    await send({ reset: true, enter: entering(aRow({ state: "FAILED", failure })) });
    expect((await screen.findByRole("row", { name: /nightly/ })).textContent).toContain(
      "extract: exit code 3",
    );
  });

  it("holds new rows while one is picked, and lets them in by the button", async () => {
    const user = userEvent.setup();
    const { send } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await screen.findByRole("row", { name: /nightly-orders-2/ });
    await user.keyboard("j");
    await send({ enter: entering(aRow({ id: "exec_3", name: "newcomer" })) });
    expect(screen.queryByText("newcomer")).toBeNull();
    await user.click(screen.getByRole("button", { name: "1 new execution" }));
    expect(screen.getByText("newcomer")).toBeTruthy();
  });

  it("offers in a row's menu what the server has, with its reasons", async () => {
    const user = userEvent.setup();
    const { send } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByRole("button", { name: "Actions for nightly-orders-2" }));
    expect((await screen.findByRole("menuitem", { name: "Cancel" })).hasAttribute("data-disabled")).toBe(
      false,
    );
    const resume = screen.getByRole("menuitem", { name: "Resume" });
    expect(resume.hasAttribute("data-disabled")).toBe(true);
    expect(resume.title).toBe("only a PAUSED execution can be resumed");
    expect(screen.queryByRole("menuitem", { name: /restart/i })).toBeNull();
  });
});

describe("filters", () => {
  it("come from the address and go to the server", async () => {
    const { lists } = await opened("/?state=FAILED,ERROR&flow=etl");
    expect(lists[0]!.args).toMatchObject({
      where: { state: { in: ["FAILED", "ERROR"] }, flow: { eq: "etl" } },
    });
    expect(screen.getByLabelText("Active filters").textContent).toContain("etl");
  });

  it("are a search too, which goes to the address when it is entered", async () => {
    const user = userEvent.setup();
    const { lists, router } = await opened("/?state=FAILED");
    await user.keyboard("/");
    await user.type(document.activeElement as HTMLElement, "label.team:data{Enter}");
    await waitFor(() => expect(lists).toHaveLength(2));
    expect(lists[1]!.args).toMatchObject({ search: "label.team:data", where: { state: { in: ["FAILED"] } } });
    expect(router.state.location.search).toEqual({ q: "label.team:data", state: "FAILED" });
    await user.click(screen.getByRole("button", { name: "Export" }));
    const file = new URL((await screen.findByRole<HTMLAnchorElement>("menuitem", { name: "CSV" })).href);
    expect(file.searchParams.get("search")).toBe("label.team:data");
  });

  it("go from the address with their chip", async () => {
    const user = userEvent.setup();
    const { lists, router } = await opened("/?flow=etl");
    await user.click(screen.getByRole("button", { name: "Remove filter Flow: etl" }));
    await waitFor(() => expect(lists).toHaveLength(2));
    expect(lists[1]!.args).toMatchObject({ where: null });
    expect(router.state.location.search).toEqual({});
  });
});

describe("export", () => {
  it("takes all that the filter finds", async () => {
    const user = userEvent.setup();
    await opened("/?state=FAILED&flow=etl");
    await user.click(screen.getByRole("button", { name: "Export" }));
    const file = new URL((await screen.findByRole<HTMLAnchorElement>("menuitem", { name: "CSV" })).href);
    expect(file.pathname).toBe("/executions/export.csv");
    expect(JSON.parse(file.searchParams.get("where") ?? "")).toEqual({
      state: { in: ["FAILED"] },
      flow: { eq: "etl" },
    });
  });
});

describe("empty", () => {
  it("gives the command to begin with when nothing ever ran", async () => {
    const { send } = await opened("/", [{ namespace: "examples", key: "hello" }]);
    await send({ reset: true });
    expect(await screen.findByText("headway run examples/hello")).toBeTruthy();
  });

  it("offers to remove a filter when nothing matches", async () => {
    const user = userEvent.setup();
    const { send, lists } = await opened("/?kind=train");
    await send({ reset: true });
    await user.click(await screen.findByRole("button", { name: "Remove “Kind: train”" }));
    await waitFor(() => expect(lists).toHaveLength(2));
  });
});
