import { expect, test } from "./test";

test("run a flow with the keyboard only; the dialog shows how it ended as the page does", async ({
  page,
  headway,
}) => {
  await page.goto(headway.server.url);
  await page.getByRole("button", { name: "Run a flow" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("combobox", { name: "Flow" })).toBeFocused();
  await page.keyboard.type("parts");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("combobox", { name: "Flow" })).toHaveValue("e2e/parts");
  await dialog.getByLabel("Reason").press("Enter");

  await expect(page.getByRole("dialog", { name: /^parts-\w+ Failed$/ })).toBeVisible();
  const cause = dialog.getByRole("status", { name: "Why it failed" });
  await expect(cause).toContainText("each[1].fetch failed at its first attempt");
  await expect(cause).toContainText("exit code 1");
  const tasks = dialog.getByRole("list", { name: "Tasks" });
  await expect(tasks.locator('[data-task="each"]')).toContainText("1 failed, 2 succeeded");
  await expect(tasks.locator('[data-task="load"]')).toContainText("Not run");
  await expect(tasks).not.toContainText("Cancelled");
});

test("the viewer's own new execution appears in the list at once, even with the pointer on it", async ({
  page,
  headway,
}) => {
  const first = await headway.run("quick");
  await headway.ended(first.id);
  await page.goto(headway.server.url);
  const row = page.locator(`[data-execution="${first.id}"]`);
  await expect(row).toContainText("Success");
  await row.hover();
  await page.keyboard.press("Control+k");
  await page.getByRole("textbox", { name: "Search or jump" }).fill("quick");
  await page.getByRole("button", { name: /^Run quick/ }).click();
  const dialog = page.getByRole("dialog", { name: "Run a flow" });
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await dialog.getByLabel("Reason").press("Enter");
  await expect(page.getByRole("dialog", { name: /^quick-\w+ Success$/ })).toBeVisible();
  await expect(page.locator("[data-execution]").first()).not.toHaveAttribute("data-execution", first.id);
  await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();

  await row.hover();
  const others = await headway.run("quick");
  const news = page.getByRole("button", { name: "1 new execution" });
  await expect(news).toBeVisible();
  await expect(page.locator(`[data-execution="${others.id}"]`)).toHaveCount(0);
  const head = page.getByRole("table", { name: "Executions" }).getByRole("row").first();
  const [pill, place] = [await news.boundingBox(), await head.boundingBox()];
  expect(pill!.y).toBeGreaterThanOrEqual(place!.y);
  expect(pill!.y + pill!.height).toBeLessThanOrEqual(place!.y + place!.height);
});
