import { tick } from "./rows";
import { expect, test } from "./test";

const RECORD = `mutation ($input: RecordExecutionInput!) {
  recordExecution(input: $input) { execution { id } problems { message } } }`;

test("menus list external runs too, and typing finds the 201st value", async ({ page, headway }) => {
  const ids = new Map<string, string>();
  const pipelines = Array.from({ length: 201 }, (_, index) => `cmf-${String(index + 1).padStart(3, "0")}`);
  const record = async (pipeline: string) => {
    const input = { namespace: "lab.recorded", pipeline, kind: "evaluate" };
    const { recordExecution } = await headway.server.graphql<{
      recordExecution: { execution: { id: string } | null; problems: { message: string }[] };
    }>(RECORD, { input });
    expect(recordExecution.problems).toEqual([]);
    ids.set(pipeline, recordExecution.execution!.id);
  };
  await Promise.all(pipelines.slice(0, -1).map(record));
  await record(pipelines.at(-1)!);
  await page.goto(headway.server.url);

  const menu = (name: string) => page.getByRole("button", { name, exact: true });
  const find = (name: string) => page.getByRole("textbox", { name: `Find ${name}` });
  await menu("Namespace").click();
  await find("namespace").fill("REC");
  await expect(page.getByText("1 in the current filter")).toBeVisible();
  await tick(page.getByRole("checkbox", { name: /^lab\.recorded/ }));
  await expect(page).toHaveURL(/namespace:lab\.recorded/);
  await page.keyboard.press("Escape");
  await menu("Kind").click();
  await expect(page.getByRole("checkbox", { name: /^evaluate/ })).toBeVisible();
  await page.keyboard.press("Escape");

  await menu("Flow").click();
  await expect(page.getByText("Type to find others")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: /^cmf-201/ })).toHaveCount(0);
  await find("flow").fill("201");
  await expect(page.getByRole("checkbox", { name: /^cmf-201/ })).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expect(page).toHaveURL(/flow:cmf-201/);
  await expect(page.locator(`[data-execution="${ids.get("cmf-201")}"]`)).toBeVisible();
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Clear all" }).click();
  await menu("Trigger").click();
  await tick(page.getByRole("checkbox", { name: /^recorded/ }));
  await expect(page).toHaveURL(/trigger:recorded/i);
  await page.keyboard.press("Escape");
  await menu("Hide subflows").click();
  await expect(page.getByLabel("Active filters")).toContainText("Subflows hidden");
  await expect(page.locator("[data-execution]").first()).toBeVisible();
});
