import { screen } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { expect, it, vi } from "vitest";
import { show } from "@/testing/world";

vi.setConfig({ testTimeout: 30_000 });

it("links back to the list when the executions do not exist", async () => {
  show("/compare?ids=exec_1,exec_2", {
    compareExecutions: () => {
      throw new GraphQLError("no execution exec_1", { extensions: { code: "NOT_FOUND" } });
    },
    viewer: () => ({ actor: { kind: "USER", name: "admin" }, permissions: [] }),
  });
  expect((await screen.findByRole("alert")).textContent).toContain("no execution exec_1");
  expect(screen.getByRole("link", { name: "All executions" }).getAttribute("href")).toBe("/executions");
});
