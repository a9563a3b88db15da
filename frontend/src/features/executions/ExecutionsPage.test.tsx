import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { toLastList } from "@/shared/lib/lastList";
import { aRow } from "@/testing/fixtures";
import { Stream, show } from "@/testing/world";
import { lists } from "./rows/lists";
import type { Change } from "./rows/rows";
import { keyOf } from "./rows/wanted";

type Message = { executionList: Partial<Change> & { cursor: string } };
type Asked = {
  search: string | null;
  orderBy: string | null;
  orderByValue: unknown;
  where: unknown;
  after: string | null;
};
type Row = ReturnType<typeof aRow>;

/** As the server answers: values by name. */
const served = ({ values, ...row }: Row) => ({ ...row, columns: () => values });

const SOME = { value: 1, exact: true };

function world() {
  const lists: { args: Asked; stream: Stream<Message> }[] = [];
  const bulks: unknown[] = [];
  const asked: unknown[] = [];
  const ran = { id: "bulk_1", action: "RESTART", state: "DONE", progress: 1 };
  const counts = { total: 61, done: 60, refused: 1, left: 0 };
  const results = (args: { outcome: string; after: string | null }) => {
    asked.push(args);
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
    asked,
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
      executionList: (args: Asked) => {
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

/** The rows of an address are remembered: each test asks for rows of its own. */
let number = 0;
beforeEach(() => {
  number++;
  localStorage.clear();
});

async function opened(query = "", q = "") {
  const made = world();
  const own = `t${number}`;
  const address = `/executions?q=${encodeURIComponent([own, q].filter(Boolean).join(" "))}${query}`;
  const shown = show(address, made.root);
  await waitFor(() => expect(made.lists).toHaveLength(1));
  return { ...made, ...shown, own, user: userEvent.setup() };
}

const plain = (search: string) => ({ where: null, search, orderBy: null, orderByValue: null });

const entering = (...rows: Row[]) =>
  rows.map((row) => ({ node: served(row) as unknown as Row, before: null }));
const box = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Search executions" });

describe("rows", { timeout: 20_000 }, () => {
  it("show the window and change in place", async () => {
    const { send } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    const row = await screen.findByRole("row", { name: /nightly-orders-2/ });
    expect(row.textContent).toContain("Running42%");
    const ended = { seq: 4, state: "SUCCESS" as const, progress: 1, endedAt: "2026-01-14T02:03:05Z" };
    await send({ update: [served(aRow(ended)) as unknown as Row] });
    expect(row.textContent).toContain("Success");
    expect(row.textContent).toContain("3m 05s");
  });

  it("say on a line of their own why they failed, and how far it went", async () => {
    const { send } = await opened();
    const failure = {
      message: "exit code 3",
      fingerprint: "f1",
      others: 5,
      skippedCount: 12,
      taskRun: { id: "run_1", key: "load" },
    };
    await send({ reset: true, enter: entering(aRow({ state: "FAILED", failure })) });
    const row = await screen.findByRole("row", { name: /nightly/ });
    expect(row.textContent).toContain("load: exit code 36 failed, 12 did not run");
    expect(row.style.height).toBe("58px");
  });

  it("hold new ones while one is picked, and let them in by the button", async () => {
    const { send, user } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await screen.findByRole("row", { name: /nightly-orders-2/ });
    await user.keyboard("j");
    await send({ enter: entering(aRow({ id: "exec_3", name: "newcomer" })) });
    expect(screen.queryByText("newcomer")).toBeNull();
    await user.click(screen.getByRole("button", { name: "1 new execution" }));
    expect(screen.getByText("newcomer")).toBeTruthy();
  });

  it("offer in their menu what the server has, with its reasons", async () => {
    const { send, user } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByRole("button", { name: "Actions for nightly-orders-2" }));
    const cancel = await screen.findByRole("menuitem", { name: "Cancel" });
    expect(cancel.hasAttribute("aria-disabled")).toBe(false);
    const resume = screen.getByRole("menuitem", { name: /^Resume/ });
    expect(resume.getAttribute("aria-disabled")).toBe("true");
    expect(resume.textContent).toContain("only a PAUSED execution can be resumed");
    await user.hover(cancel);
    expect(await screen.findByRole("tooltip")).toHaveProperty(
      "textContent",
      "Stops what runs and starts nothing more. Ended tasks keep their results.",
    );
  });

  it("ask in their menu whether subflows are cancelled too", async () => {
    const { send, user } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByRole("button", { name: "Actions for nightly-orders-2" }));
    await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
    const dialog = await screen.findByRole("dialog");
    const reach = await within(dialog).findByRole<HTMLInputElement>("checkbox", {
      name: /subflows started too/,
    });
    expect(reach.checked).toBe(true);
    expect(dialog.textContent).toContain("1 of them");
  });

  it("make a filter of a value that is clicked", async () => {
    const { send, user, router, own } = await opened("&cols=state,execution,kind");
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByTitle("Filter by kind:etl"));
    await waitFor(() => expect(router.state.location.search.q).toBe(`${own} kind:etl`));
  });

  it("are there at once when one comes back, and go on from where they were", async () => {
    const { send, lists, router } = await opened();
    await send({ reset: true, cursor: "c7", enter: entering(aRow()) });
    await screen.findByRole("row", { name: /nightly-orders-2/ });
    const address = router.state.location.href;
    await act(() => router.navigate({ to: "/compare", search: {} }));
    expect(screen.queryByRole("row", { name: /nightly-orders-2/ })).toBeNull();
    await act(() => router.history.push(address));
    expect(await screen.findByRole("row", { name: /nightly-orders-2/ })).toBeTruthy();
    await waitFor(() => expect(lists).toHaveLength(2));
  });

  it("below the first hundred are read again when a state changes, and on return", async () => {
    const name = (at: number) => `exec_${String(at).padStart(4, "0")}`;
    const window = Array.from({ length: 100 }, (_, at) => aRow({ id: name(999 - at), name: name(999 - at) }));
    const below = aRow({ id: name(5), name: "far-below" });
    const stats: Stream<unknown>[] = [];
    const asked: unknown[] = [];
    let found = [below];
    const own = `t${number}`;
    const made = world();
    const root = {
      ...made.root,
      stats: () => {
        stats.push(new Stream());
        return stats.at(-1)!;
      },
      executions: ({ where }: { where: unknown }) => {
        asked.push(where);
        return { nodes: found.map(served), pageInfo: { hasNextPage: false, endCursor: "e" } };
      },
    };
    const { router } = show(`/executions?q=${own}`, root);
    await waitFor(() => expect(made.lists).toHaveLength(1));
    await made.send({ reset: true, enter: entering(...window) });
    fireEvent.click(await screen.findByRole("button", { name: "Load more" }));
    await waitFor(() => expect(lists.get(keyOf(plain(own)))!.rows.tail).toEqual([below.id]));
    const state = () => lists.get(keyOf(plain(own)))!.rows.byId.get(below.id)!.state;
    found = [aRow({ ...below, seq: 9, state: "FAILED" })];
    const at = "2026-01-14T02:00:00Z";
    await act(async () => {
      for (const stream of stats) stream.push({ stats: { at, total: SOME, states: [] } });
    });
    await waitFor(() => expect(state()).toBe("FAILED"), { timeout: 5_000 });
    expect(asked.at(-1)).toMatchObject({ id: [below.id] });

    await act(() => router.navigate({ to: "/compare", search: {} }));
    found = [aRow({ ...below, seq: 12, state: "RUNNING" })];
    await act(() => router.navigate(toLastList()));
    await waitFor(() => expect(state()).toBe("RUNNING"), { timeout: 5_000 });
  });

  it("are what links back to the list lead to, with their filter, order and place", async () => {
    const { router, own } = await opened("&sort=-started");
    const scrolled = vi.spyOn(window, "scrollTo");
    window.scrollY = 700;
    act(() => void window.dispatchEvent(new Event("scroll")));
    await act(() => router.navigate({ to: "/compare", search: {} }));
    window.scrollY = 0;
    await act(() => router.navigate(toLastList()));
    await waitFor(() => expect(router.state.location.search).toEqual({ q: own, sort: "-started" }));
    expect(scrolled).toHaveBeenCalledWith({ top: 700 });
    scrolled.mockRestore();
  });

  it("are previewed by Space, which closes by Escape", async () => {
    const { send, user, root } = await opened();
    const read = vi.spyOn(root, "execution");
    await send({ reset: true, enter: entering(aRow()) });
    await screen.findByRole("row", { name: /nightly-orders-2/ });
    await user.keyboard("j ");
    const preview = screen.getByRole("complementary", { name: "Preview of nightly-orders-2" });
    expect(within(preview).getByRole("link", { name: "Open" })).toBeTruthy();
    const progress = within(preview).getByRole("progressbar", { name: "Progress of nightly-orders-2" });
    expect(progress.getAttribute("aria-valuenow")).toBe("42");
    await waitFor(() => expect(read).toHaveBeenCalledTimes(1));
    await send({ update: [served(aRow({ seq: 4, progress: 0.5 })) as unknown as Row] });
    await waitFor(() => expect(progress.getAttribute("aria-valuenow")).toBe("50"));
    expect(read, "what changes comes with the row").toHaveBeenCalledTimes(1);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
  });
});

describe("the filter", { timeout: 20_000 }, () => {
  it("comes from the address, also as links from elsewhere name it", async () => {
    const { lists, own } = await opened("&state=FAILED,ERROR&flow=etl");
    expect(lists[0]!.args.search).toBe(`${own} (state:failed OR state:error) flow:etl`);
    expect(screen.getByLabelText("Active filters").textContent).toContain("State Failed or Error");
    expect(box().value).toBe(`${own} (state:failed OR state:error) flow:etl`);
  });

  it("is written in the box, which `/` leads to, and completed by Tab", async () => {
    const { lists, router, own, user } = await opened();
    await user.keyboard("/");
    await user.keyboard("{End} flow:or");
    const option = await screen.findByRole("option", { name: "orders 7" });
    expect(option).toBeTruthy();
    await user.keyboard("{Tab}");
    await waitFor(() => expect(router.state.location.search.q).toBe(`${own} flow:orders`));
    await waitFor(() => expect(lists.at(-1)!.args.search).toBe(`${own} flow:orders`));
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(document.activeElement).toBe(box());
  });

  it("completes keys with the arrows, and lists all of them", async () => {
    const { user } = await opened();
    await user.click(box());
    await user.type(box(), " s");
    await screen.findByRole("option", { name: /state/ });
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("listbox")).toBeNull();
    await user.keyboard("{ArrowDown}");
    const option = await screen.findByRole("option", { name: /state/ });
    expect(box().getAttribute("aria-activedescendant")).toBe(option.id);
    await user.click(screen.getByRole("button", { name: "All keys and words" }));
    expect(await screen.findByRole("dialog", { name: "All keys and words" })).toBeTruthy();
  });

  it("loses a part with its chip", async () => {
    const { router, own, user } = await opened("", "flow:etl");
    await user.click(screen.getByRole("button", { name: "Remove filter Flow: etl" }));
    await waitFor(() => expect(router.state.location.search.q).toBe(own));
  });

  it("takes several values of a menu", async () => {
    const { router, own, user } = await opened();
    await user.click(screen.getByRole("button", { name: "Flow" }));
    await user.click(await screen.findByRole("checkbox", { name: /etl/ }));
    await waitFor(() => expect(router.state.location.search.q).toBe(`${own} flow:etl`));
    await user.click(await screen.findByRole("checkbox", { name: /orders/ }));
    await waitFor(() => expect(router.state.location.search.q).toBe(`${own} (flow:etl OR flow:orders)`));
  });

  it("is replaced by a view", async () => {
    const { router, user } = await opened("&sort=-started");
    await user.click(screen.getByRole("button", { name: "Executing" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "is:running", sort: "-started" }));
  });
});

describe("the order", { timeout: 20_000 }, () => {
  it("is a header's, one after the other", async () => {
    const { lists, send, user, router } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByRole("button", { name: "Started" }));
    await waitFor(() => expect(lists.at(-1)!.args.orderBy).toBe("STARTED_DESC"));
    expect(router.state.location.search.sort).toBe("-started");
  });
  it("may be that of a text, by its column's header", async () => {
    const { lists, send, user } = await opened("&cols=state,execution,by,branch,commit,kind");
    await send({ reset: true, enter: entering(aRow()) });
    for (const [name, column] of [
      ["Trigger or person", "createdBy"],
      ["Branch", "branch"],
      ["Commit", "commit"],
      ["Kind", "kind"],
      ["Execution", "name"],
    ]) {
      await user.click(await screen.findByTitle(`Sort by ${name}`));
      const order = { orderBy: null, orderByValue: { column, direction: "DESC" } };
      await waitFor(() => expect(lists.at(-1)!.args).toMatchObject(order));
      await send({ reset: true, enter: entering(aRow()) });
    }
  });
  it("may be that of a metric", async () => {
    const { lists } = await opened("&cols=state,execution,metric.loss&sort=metric.loss");
    expect(lists[0]!.args).toMatchObject({
      orderBy: null,
      orderByValue: { column: "metric.loss", direction: "ASC" },
    });
  });
});

describe("what is picked", { timeout: 20_000 }, () => {
  const rows = [
    aRow({ id: "exec_3", name: "three" }),
    aRow({ id: "exec_2", name: "two" }),
    aRow({ id: "exec_1", name: "one" }),
  ];
  const picked = async () => {
    const made = await opened();
    await made.send({ reset: true, enter: entering(...rows), totalCount: { value: 1204, exact: true } });
    await made.user.click(await screen.findByRole("checkbox", { name: "Select three" }));
    return made;
  };

  it("grows with shift, and is compared", async () => {
    const { user, router } = await picked();
    const compare = () => screen.getByRole("button", { name: "Compare" });
    expect(compare().getAttribute("aria-disabled")).toBe("true");
    fireEvent.click(screen.getByRole("checkbox", { name: "Select one" }), { shiftKey: true });
    expect(screen.getByRole("toolbar", { name: "3 selected" })).toBeTruthy();
    await user.click(compare());
    await waitFor(() => expect(router.state.location.href).toBe("/compare?ids=exec_3,exec_2,exec_1"));
  });

  it("may be all that match, and is told what would happen", async () => {
    const { user, bulks, own } = await picked();
    await user.click(screen.getByRole("button", { name: /Select all 1.204 that match/ }));
    await user.click(within(screen.getByRole("toolbar")).getByRole("button", { name: "Restart" }));
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText("1 of 2 executions")).toBeTruthy();
    expect(dialog.textContent).toContain("1 left out: it still runs");
    expect(bulks[0]).toMatchObject({ action: "RESTART", search: own, where: {} });
    expect(within(dialog).getByRole<HTMLInputElement>("radio", { name: /All or none/ }).disabled).toBe(true);
  });

  it("is told what came of each, by outcome and page by page", async () => {
    const { user, asked } = await picked();
    await user.click(within(screen.getByRole("toolbar")).getByRole("button", { name: "Restart" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(await within(dialog).findByRole("button", { name: "Restart 1" }));
    const refused = await within(dialog).findByRole("list", { name: "Refused" });
    expect(await within(refused).findByText("it still runs")).toBeTruthy();
    await user.selectOptions(within(dialog).getByLabelText("Show"), "Done (60)");
    await user.click(await within(dialog).findByRole("button", { name: "Next" }));
    await waitFor(() => expect(asked.at(-1)).toMatchObject({ outcome: "DONE", after: "p1" }));
    const done = within(dialog).getByRole("list", { name: "Done" });
    expect(await within(done).findByText("row after p1")).toBeTruthy();
  });

  it("is let go when the filter changes, and not when the order does", async () => {
    const { user, router, send, lists } = await picked();
    await user.click(screen.getByRole("button", { name: /Select all 1.204 that match/ }));
    await user.click(screen.getByRole("button", { name: "Started" }));
    await waitFor(() => expect(lists.at(-1)!.args.orderBy).toBe("STARTED_DESC"));
    await send({ reset: true, enter: entering(...rows), totalCount: { value: 1204, exact: true } });
    expect(await screen.findByRole("toolbar", { name: /^1.204 selected/ })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Executing" }));
    await waitFor(() => expect(router.state.location.search.q).toBe("is:running"));
    expect(screen.queryByRole("toolbar")).toBeNull();
  });

  it("is picked by x, and cleared by Escape after the current row", async () => {
    const { user } = await picked();
    await user.keyboard("jjx");
    expect(screen.getByRole("toolbar", { name: "2 selected" })).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("toolbar", { name: "2 selected" }), "only the row").toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("toolbar")).toBeNull();
  });
});

describe("export", { timeout: 20_000 }, () => {
  it("takes all that the filter finds, with the columns that are shown", async () => {
    const { user, own } = await opened("&cols=state,execution,metric.loss&sort=-metric.loss");
    await user.click(screen.getByRole("button", { name: "Export" }));
    const file = new URL((await screen.findByRole<HTMLAnchorElement>("menuitem", { name: "CSV" })).href);
    expect(file.pathname).toBe("/executions/export.csv");
    expect(file.searchParams.get("search")).toBe(own);
    expect(file.searchParams.get("columns")).toBe("id,state,name,metric.loss,failureTask,failureMessage");
  });
});

describe("columns", { timeout: 20_000 }, () => {
  it("are chosen, and kept in the address and for the person", async () => {
    const { user, router } = await opened();
    await user.click(screen.getByRole("button", { name: "Columns" }));
    const others = await screen.findByRole("group", { name: "Other columns" });
    await user.click(within(others).getByRole("button", { name: "Kind" }));
    await waitFor(() => expect(router.state.location.search.cols).toMatch(/,kind$/));
    await user.click(screen.getByRole("button", { name: "Move Kind to the left" }));
    await waitFor(() => expect(router.state.location.search.cols).toMatch(/,kind,branch$/));
    expect(localStorage.getItem("headway.executions.columns")).toContain("kind");
  });
});

describe("empty", { timeout: 20_000 }, () => {
  it("gives the command to begin with when nothing ever ran", async () => {
    const made = world();
    show("/executions", made.root);
    await waitFor(() => expect(made.lists).toHaveLength(1));
    await made.send({ reset: true });
    expect(await screen.findByText("headway run examples/hello")).toBeTruthy();
  });
  it("offers to remove a filter when nothing matches", async () => {
    const { send, lists, user } = await opened("", "kind:train");
    await send({ reset: true });
    await user.click(await screen.findByRole("button", { name: "Remove “Kind: train”" }));
    await waitFor(() => expect(lists).toHaveLength(2));
  });
});
