import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { opened } from "@/testing/list";

describe("export", { timeout: 20_000 }, () => {
  it("exports all matches of the filter, with the shown columns", async () => {
    const { user, own } = await opened("&cols=state,execution,metric.loss&sort=-metric.loss");
    await user.click(screen.getByRole("button", { name: "Export" }));
    const file = new URL((await screen.findByRole<HTMLAnchorElement>("menuitem", { name: "CSV" })).href);
    expect(file.pathname).toBe("/executions/export.csv");
    expect(file.searchParams.get("search")).toBe(own);
    expect(file.searchParams.get("columns")).toBe("id,state,name,metric.loss,failureTask,failureMessage");
  });
});
