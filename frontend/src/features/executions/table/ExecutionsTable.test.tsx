import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { toLastList } from "@/shared/lib/lastList";
import { aRow } from "@/testing/fixtures";
import { entering, opened, ownWord, SOME, served, world } from "@/testing/list";
import { Stream, show } from "@/testing/world";
import { lists } from "../rows/lists";
import { keyOf } from "../rows/wanted";

const plain = (search: string) => ({ where: null, search, orderBy: null, orderByValue: null });

describe("rows", { timeout: 20_000 }, () => {
  it("show the window and are updated in place", async () => {
    const { send } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    const row = await screen.findByRole("row", { name: /nightly-orders-2/ });
    expect(row.textContent).toContain("Running42%");
    const ended = { seq: 4, state: "SUCCESS" as const, progress: 1, endedAt: "2026-01-14T02:03:05Z" };
    await send({ update: [served(aRow(ended)) as never] });
    expect(row.textContent).toContain("Success");
    expect(row.textContent).toContain("3m 05s");
  });

  it("show on a second line why they failed, and how many tasks were affected", async () => {
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

  it("defer new ones while one is selected, and show them by the button", async () => {
    const { send, user } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await screen.findByRole("row", { name: /nightly-orders-2/ });
    await user.keyboard("j");
    await send({ enter: entering(aRow({ id: "exec_3", name: "newcomer" })) });
    expect(screen.queryByText("newcomer")).toBeNull();
    await user.click(screen.getByRole("button", { name: "1 new execution" }));
    expect(screen.getByText("newcomer")).toBeTruthy();
  });

  it("offer in their menu the server's actions, with its reasons", async () => {
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
      "Stops running tasks and starts no others. Ended tasks keep their results.",
    );
  });

  it("confirm from their menu whether subflows are cancelled too", async () => {
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

  it("filter by a value that is clicked", async () => {
    const { send, user, router, own } = await opened("&cols=state,execution,kind");
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByTitle("Filter by kind:etl"));
    await waitFor(() => expect(router.state.location.search.q).toBe(`${own} kind:etl`));
  });

  it("are shown at once on return, and resume from their cursor", async () => {
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
    const requests: unknown[] = [];
    let found = [below];
    const own = ownWord();
    const made = world();
    const root = {
      ...made.root,
      stats: () => {
        stats.push(new Stream());
        return stats.at(-1)!;
      },
      executions: ({ where }: { where: unknown }) => {
        requests.push(where);
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
    expect(requests.at(-1)).toMatchObject({ id: [below.id] });

    await act(() => router.navigate({ to: "/compare", search: {} }));
    found = [aRow({ ...below, seq: 12, state: "RUNNING" })];
    await act(() => router.navigate(toLastList()));
    await waitFor(() => expect(state()).toBe("RUNNING"), { timeout: 5_000 });
  });

  it("are restored by links back to the list, with filter, order and scroll position", async () => {
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

  it("are previewed by Space; Escape closes the preview", async () => {
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
    await send({ update: [served(aRow({ seq: 4, progress: 0.5 })) as never] });
    await waitFor(() => expect(progress.getAttribute("aria-valuenow")).toBe("50"));
    expect(read, "live values come with the row").toHaveBeenCalledTimes(1);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
  });
});
