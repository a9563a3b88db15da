import { expect, test } from "./test";

const RECORD = `mutation ($input: RecordExecutionInput!) {
  recordExecution(input: $input) { execution { id } problems { message } } }`;

test("menus hold what was only recorded, and the 201st is found by typing", async ({ page, headway }) => {
  const ids = new Map<string, string>();
  const pipelines = Array.from({ length: 201 }, (_, index) => `cmf-${String(index + 1).padStart(3, "0")}`);
  for (const pipeline of pipelines) {
    const input = { namespace: "lab.recorded", pipeline, kind: "evaluate" };
    const { recordExecution } = await headway.server.ask<{
      recordExecution: { execution: { id: string } | null; problems: { message: string }[] };
    }>(RECORD, { input });
    expect(recordExecution.problems).toEqual([]);
    ids.set(pipeline, recordExecution.execution!.id);
  }
  await page.goto(headway.server.url);

  await page.getByRole("combobox", { name: "Namespace" }).fill("REC");
  await page.getByRole("option", { name: /^lab\.recorded/ }).click();
  await expect(page).toHaveURL(/namespace=lab\.recorded/);
  await page.getByRole("combobox", { name: "Kind" }).click();
  await expect(page.getByRole("option", { name: /^evaluate/ })).toBeVisible();
  await page.keyboard.press("Escape");

  const flow = page.getByRole("combobox", { name: "Flow" });
  await flow.click();
  await expect(page.getByRole("option", { name: "Type to find others" })).toBeAttached();
  await expect(page.getByRole("option", { name: /^cmf-201/ })).toHaveCount(0);
  await flow.fill("201");
  await expect(page.getByRole("option", { name: /^cmf-201/ })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/flow=cmf-201/);
  await expect(page.locator(`[data-execution="${ids.get("cmf-201")}"]`)).toBeVisible();
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await flow.press("Escape");

  await page.getByRole("button", { name: "Clear all" }).click();
  await page.getByRole("combobox", { name: "Trigger" }).click();
  await page.getByRole("option", { name: /^recorded/ }).click();
  await expect(page).toHaveURL(/trigger=recorded/);
  await page.getByRole("checkbox", { name: "Hide subflows" }).check();
  await expect(page.getByLabel("Active filters")).toContainText("hidden");
  await expect(page.locator("[data-execution]").first()).toBeVisible();
});
