import { act, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { opened } from "@/testing/list";

const OWNER = { kind: "USER", name: "admin" };
const BEST = {
  __typename: "SavedFilter",
  id: "filt_1",
  name: "Best",
  search: "kind:train",
  orderBy: null,
  orderByValue: { column: "metric.loss", direction: "ASC" },
  shared: false,
  canChange: true,
  owner: OWNER,
};

const saved: unknown[] = [];
const answers = {
  savedFilters: () => [BEST],
  saveFilter: ({ input }: { input: object }) => {
    saved.push(input);
    return { filter: BEST, problems: [] };
  },
};

describe("a saved filter", { timeout: 20_000 }, () => {
  it("restores its order, and removes it again", async () => {
    const { user, router, lists } = await opened("", "", answers);
    await user.click(await screen.findByRole("button", { name: "Best" }));
    await waitFor(() =>
      expect(router.state.location.search).toEqual({ q: "kind:train", sort: "metric.loss" }),
    );
    await waitFor(() => expect(lists.at(-1)!.args.orderByValue).toMatchObject(BEST.orderByValue));
    expect(screen.getByRole("button", { name: "Best" }).getAttribute("aria-pressed")).toBe("true");
    await user.click(screen.getByRole("button", { name: "All" }));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
  });
  it("is saved in the order that the list has", async () => {
    const { user, router } = await opened("", "", answers);
    await act(() =>
      router.navigate({ to: "/executions", search: { q: "kind:train", sort: "-metric.accuracy" } }),
    );
    await user.click(await screen.findByRole("button", { name: "Change the filter Best" }));
    await user.click(await screen.findByRole("button", { name: "Save" }));
    await waitFor(() =>
      expect(saved).toMatchObject([
        { id: "filt_1", orderBy: null, orderByValue: { column: "metric.accuracy", direction: "DESC" } },
      ]),
    );
  });
});
