import { expect, test } from "./test";

test("cancel asks, takes a reason, and shows what is possible then", async ({ page, headway }) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Running");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("wrong day");
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Killed");
  await expect(page.getByRole("region", { name: "History" })).toContainText("wrong day");
  const button = page.getByRole("button", { name: "Cancel", exact: true });
  await expect(button).toHaveAttribute("aria-disabled", "true");
  await button.hover();
  await expect(page.getByRole("tooltip")).toContainText("not ended");
});

test("pause, resume and labels, from the page and from the row's menu", async ({ page, headway }) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByTestId("state")).toContainText("Paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByTestId("state")).toContainText("Running");

  await page.getByRole("button", { name: "Set labels" }).click();
  await page.getByLabel("Key of label 1").fill("team");
  await page.getByLabel("Value of label 1").fill("data");
  await page.getByRole("button", { name: "Save labels" }).click();
  await expect(page.getByText("team=data")).toBeVisible();

  await page.goto(headway.server.url);
  const row = page.locator(`[data-execution="${run.id}"]`);
  await row.getByRole("button", { name: `Actions for ${run.name}` }).click();
  await page.getByRole("menuitem", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel execution" }).click();
  await expect(row).toContainText("Killed");
});
