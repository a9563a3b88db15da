import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { entering, opened } from "@/testing/list";

describe("the selection", { timeout: 20_000 }, () => {
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

  it("is extended with Shift, and compared", async () => {
    const { user, router } = await picked();
    const compare = () => screen.getByRole("button", { name: "Compare" });
    expect(compare().getAttribute("aria-disabled")).toBe("true");
    fireEvent.click(screen.getByRole("checkbox", { name: "Select one" }), { shiftKey: true });
    expect(screen.getByRole("toolbar", { name: "3 selected" })).toBeTruthy();
    await user.click(compare());
    await waitFor(() => expect(router.state.location.href).toBe("/compare?ids=exec_3,exec_2,exec_1"));
  });

  it("can be all matches, with a preview of the action", async () => {
    const { user, bulks, own } = await picked();
    await user.click(screen.getByRole("button", { name: /Select all 1.204 that match/ }));
    await user.click(within(screen.getByRole("toolbar")).getByRole("button", { name: "Restart" }));
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText("1 of 2 executions")).toBeTruthy();
    expect(dialog.textContent).toContain("1 left out: it still runs");
    expect(bulks[0]).toMatchObject({ action: "RESTART", search: own, where: {} });
    expect(within(dialog).getByRole<HTMLInputElement>("radio", { name: /All or none/ }).disabled).toBe(true);
  });

  it("shows the results by outcome and page by page", async () => {
    const { user, requests } = await picked();
    await user.click(within(screen.getByRole("toolbar")).getByRole("button", { name: "Restart" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(await within(dialog).findByRole("button", { name: "Restart 1" }));
    const refused = await within(dialog).findByRole("list", { name: "Refused" });
    expect(await within(refused).findByText("it still runs")).toBeTruthy();
    await user.selectOptions(within(dialog).getByLabelText("Show"), "Done (60)");
    await user.click(await within(dialog).findByRole("button", { name: "Next" }));
    await waitFor(() => expect(requests.at(-1)).toMatchObject({ outcome: "DONE", after: "p1" }));
    const done = within(dialog).getByRole("list", { name: "Done" });
    expect(await within(done).findByText("row after p1")).toBeTruthy();
  });

  it("is cleared when the filter changes, but not when the order does", async () => {
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

  it("is toggled by x, and cleared by Escape after the current row", async () => {
    const { user } = await picked();
    await user.keyboard("jjx");
    expect(screen.getByRole("toolbar", { name: "2 selected" })).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("toolbar", { name: "2 selected" }), "only the row").toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("toolbar")).toBeNull();
  });
});
