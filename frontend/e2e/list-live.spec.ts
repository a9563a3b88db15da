import { tick } from "./rows";
import { expect, test } from "./test";

test("executions started elsewhere appear without a reload, and filters are kept in the URL", async ({
  page,
  headway,
}) => {
  await page.goto(headway.server.url);
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await page.mouse.move(2, 2);

  const run = await headway.run("quick");
  const row = page.locator(`[data-execution="${run.id}"]`);
  await expect(row).toContainText(run.name);
  await expect(row).toContainText("Success");

  await page.getByRole("button", { name: /^Failed in 24 h/ }).click();
  await expect(page).toHaveURL(/state:failed/);
  await expect(row).toBeHidden();
  await page.getByRole("button", { name: /^Remove filter State/ }).click();
  await expect(row).toBeVisible();

  await page.getByRole("button", { name: "Flow", exact: true }).click();
  await tick(page.getByRole("checkbox", { name: /^quick/ }));
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/flow:quick/);
  await expect(row).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Active filters")).toContainText("quick");
  await expect(row).toBeVisible();

  const box = page.getByRole("combobox", { name: "Search executions" });
  await box.fill("stat:failed");
  await box.press("Enter");
  await expect(page.getByText(/did you mean `state`\?/)).toBeVisible();
  await box.fill("flow:quick is:ended");
  await page.keyboard.press("Escape");
  await box.press("Enter");
  await expect(page.getByText(/did you mean/)).toBeHidden();
  await expect(row).toBeVisible();

  await page.goto(`${headway.server.url}/?flow=nowhere`);
  await expect(page.getByText("No executions match these filters.")).toBeVisible();
  await page.getByRole("button", { name: "Remove “Flow: nowhere”" }).click();
  await expect(row).toBeVisible();
});

test("the order does not change under the pointer; new rows wait behind a button", async ({
  page,
  headway,
}) => {
  const first = await headway.run("quick");
  await page.goto(headway.server.url);
  const row = page.locator(`[data-execution="${first.id}"]`);
  await expect(row).toContainText("Success");
  await row.hover();

  const second = await headway.run("quick");
  await expect(page.getByRole("button", { name: "1 new execution" })).toBeVisible();
  await expect(page.locator(`[data-execution="${second.id}"]`)).toHaveCount(0);
  await page.getByRole("button", { name: "1 new execution" }).click();
  await expect(page.locator(`[data-execution="${second.id}"]`)).toBeVisible();
});

test("a row that no longer matches is dimmed, then removed", async ({ page, headway }) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/?flow=slow&state=RUNNING`);
  const row = page.locator(`[data-execution="${run.id}"]`);
  await row.hover();
  await headway.cancel(run.id);
  await expect(row).toHaveAttribute("data-gone", "true");
  await page.mouse.move(2, 2);
  await expect(row).toHaveCount(0);
});

test("the row of an execution that waits for a slot says so until it gets one", async ({ page, headway }) => {
  const first = await headway.run("single");
  const second = await headway.run("single");
  await page.goto(`${headway.server.url}/?flow=single`);
  const row = page.locator(`[data-execution="${second.id}"]`);
  await expect(row).toContainText(
    `Waits for a slot of the flow's limit of 1, held by ${first.name}; position 1 in the queue`,
  );
  await headway.cancel(first.id);
  await expect(row).toContainText("Running");
  await expect(row).not.toContainText("slot");
  await headway.cancel(second.id);
});

test("keys move through the rows and open one", async ({ page, headway }) => {
  const run = await headway.run("quick");
  await page.goto(headway.server.url);
  await expect(page.locator(`[data-execution="${run.id}"]`)).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(run.id));
  await expect(page.getByRole("heading", { level: 1, name: run.name })).toBeVisible();
});
