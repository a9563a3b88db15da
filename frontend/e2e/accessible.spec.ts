import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectAccessible } from "./axe";
import { expect, test } from "./test";

test("axe finds nothing in either theme, including open menus and dialogs", async ({ page, headway }) => {
  test.slow();
  const marker = join(mkdtempSync(join(tmpdir(), "headway-e2e-")), "marker");
  const failed = await headway.run("failing", { marker });
  const asking = await headway.run("asking");
  const gate = await headway.run("gate");
  const check = () => expectAccessible(page);
  const dialog = page.getByRole("dialog");
  const close = async () => {
    await page.keyboard.press("Escape");
    await expect(page.getByRole("menu").or(dialog)).toHaveCount(0);
  };

  await page.goto(headway.server.url);
  await expect(page.locator(`[data-execution="${failed.id}"]`)).toContainText("Failed, finishing");
  await check();

  await page.goto(`${headway.server.url}/executions/${failed.id}`);
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("extract");
  await check();
  await page.getByRole("button", { name: "Other ways to run it again" }).click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  await check();
  await close();
  await page.getByRole("button", { name: /^More for/ }).click();
  await expect(page.getByRole("menuitem", { name: "Set labels" })).toBeVisible();
  await check();
  await page.getByRole("menuitem", { name: "Set labels" }).click();
  await expect(dialog.getByLabel("Key of label 1")).toBeVisible();
  await check();
  await close();
  await page.keyboard.press("r");
  await expect(dialog.getByRole("table")).toBeVisible();
  await check();
  await close();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await check();
  await page.getByRole("button", { name: "Cancel execution" }).click();
  await expect(page.getByRole("region", { name: "How it ended" })).toBeVisible();
  await check();
  await page.goto(`${headway.server.url}/executions/${failed.id}?at=4`);
  await expect(page.getByRole("region", { name: "An earlier moment" })).toContainText("event 4");
  await check();

  await page.goto(`${headway.server.url}/executions/${asking.id}`);
  await expect(page.getByRole("region", { name: /^Approval needed/ })).toBeVisible();
  await check();
  await page.goto(`${headway.server.url}/executions/${gate.id}`);
  await page.getByRole("button", { name: "Reject" }).click();
  await expect(dialog.getByLabel("Comment")).toBeFocused();
  await check();
  await headway.cancel(asking.id);
  await headway.cancel(gate.id);
});
