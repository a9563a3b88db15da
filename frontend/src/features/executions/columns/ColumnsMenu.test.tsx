import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { entering, opened } from "@/testing/list";

describe("the order", { timeout: 20_000 }, () => {
  it("is set by the headers, one at a time", async () => {
    const { lists, send, user, router } = await opened();
    await send({ reset: true, enter: entering(aRow()) });
    await user.click(await screen.findByRole("button", { name: "Started" }));
    await waitFor(() => expect(lists.at(-1)!.args.orderBy).toBe("STARTED_DESC"));
    expect(router.state.location.search.sort).toBe("-started");
  });
  it("can be by a text, with its column's header", async () => {
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
  it("can be by a metric", async () => {
    const { lists } = await opened("&cols=state,execution,metric.loss&sort=metric.loss");
    expect(lists[0]!.args).toMatchObject({
      orderBy: null,
      orderByValue: { column: "metric.loss", direction: "ASC" },
    });
  });
});

describe("columns", { timeout: 20_000 }, () => {
  it("are chosen, and saved in the URL and for the viewer", async () => {
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
