import { expect, test } from "./test";

test("a failed run is found, understood and restarted with the keyboard only", async ({ page, headway }) => {
  const run = await headway.run("once");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions`);
  await expect(page.locator(`[data-execution="${run.id}"]`)).toContainText("Failed");

  await page.keyboard.press("/");
  await page.keyboard.type(`name:${run.name}`);
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("body").press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/executions/${run.id}`));
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("exit code 3");

  await expect(page.getByRole("button", { name: "Restart failed tasks" })).toBeVisible();

  // Escape goes from the failed task to the whole execution.
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/task=/);
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("bad");
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await page.keyboard.type("by keys");
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect
    .poll(async () => {
      const { execution } = await headway.server.graphql<{
        execution: { events: { reason: string | null }[] };
      }>("query ($id: ID!) { execution(id: $id) { events(last: 100) { reason } } }", { id: run.id });
      return execution.events.map(({ reason }) => reason);
    })
    .toContain("by keys");
});
