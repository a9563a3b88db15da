import { expect, test as plain } from "@playwright/test";
import { Server } from "./server";
import { Headway } from "./test";

plain("the page works on a server that accepts only listed documents", async ({ page }) => {
  const server = new Server();
  try {
    await server.start();
    const headway = new Headway(server);
    await headway.saveFlows();
    const { id } = await headway.run("quick");
    await headway.ended(id);
    await server.leave();
    await server.start({ HEADWAY_ONLY_PERSISTED_DOCUMENTS: "true", HEADWAY_INTROSPECTION: "off" });
    await expect(headway.run("quick")).rejects.toThrow("only documents of its list");

    const refusals: string[] = [];
    let seen = 0;
    const count = (text: string) => {
      seen += 1;
      if (text.includes("DOCUMENT_NOT_LISTED")) refusals.push(text);
    };
    page.on("response", async (response) => {
      if (new URL(response.url()).pathname === "/graphql") count(await response.text().catch(() => ""));
    });
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => count(payload.toString())));
    await server.signIn(page);
    await expect(page.locator(`[data-execution="${id}"]`)).toContainText("Success");
    await page.goto(`${server.url}/executions/${id}?tab=logs`);
    await expect(page.getByText("done").first()).toBeVisible();
    await page.goto(`${server.url}/approvals`);
    await expect(page.getByRole("heading").first()).toBeVisible();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Run a flow" }).click();
    const flow = page.getByRole("dialog").getByRole("combobox", { name: "Flow" });
    await expect(flow).toBeFocused();
    await page.keyboard.type("quick");
    await page.keyboard.press("Enter");
    await expect(flow).toHaveValue("e2e/quick");
    await page.getByRole("dialog").getByLabel("Reason").press("Enter");
    await expect(page.getByRole("dialog", { name: /^quick-\w+ Success$/ })).toBeVisible();
    expect(refusals).toEqual([]);
    expect(seen).toBeGreaterThan(10);
  } finally {
    await server.stop();
  }
});
