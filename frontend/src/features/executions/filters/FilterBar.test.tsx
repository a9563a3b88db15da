import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { box, opened, world } from "@/testing/list";
import { show } from "@/testing/world";

describe("the filter", { timeout: 20_000 }, () => {
  it("comes from the URL, including named parameters of links", async () => {
    const { lists, own } = await opened("&state=FAILED,ERROR&flow=etl");
    expect(lists[0]!.args.search).toBe(`${own} (state:failed OR state:error) flow:etl`);
    expect(screen.getByLabelText("Active filters").textContent).toContain("State Failed or Error");
    expect(box().value).toBe(`${own} (state:failed OR state:error) flow:etl`);
  });

  it("is typed into the box, which `/` focuses, and completed by Tab", async () => {
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

  it("is reduced by removing a chip", async () => {
    const { router, own, user } = await opened("", "flow:etl");
    await user.click(screen.getByRole("button", { name: "Remove filter Flow: etl" }));
    await waitFor(() => expect(router.state.location.search.q).toBe(own));
  });

  it("accepts several values of a menu", async () => {
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

describe("an empty list", { timeout: 20_000 }, () => {
  it("shows the first command when nothing ever ran", async () => {
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
