import { expectAccessible } from "./axe";
import { expect, test } from "./test";

test("the palette opens an execution, and runs a flow", async ({ page, headway }) => {
  const run = await headway.run("quick");
  await page.goto(headway.server.url);
  await expect(page).toHaveURL(/\/executions$/);
  await expect(page).toHaveTitle("Executions · Headway");
  await page.keyboard.press("Control+k");
  const box = page.getByRole("textbox", { name: "Search or jump" });
  await expect(box).toBeFocused();
  await box.fill(run.name);
  await expect(page.getByText("Run a flow", { exact: true }).last()).toBeVisible();
  await expect(page.getByRole("dialog").getByRole("button", { name: run.name })).toBeVisible();
  await expectAccessible(page);
  await box.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/executions/${run.id}`));
  await expect(page).toHaveTitle(new RegExp(`${run.name} · Headway$`));

  await page.keyboard.press("Control+k");
  await box.fill("typed");
  await expect(page.getByRole("button", { name: /^Executions of typed/ })).toBeVisible();
  await page.getByRole("button", { name: /^Run typed/ }).click();
  await expect(page.getByRole("dialog", { name: "Run a flow" }).getByLabel("size")).toHaveValue("500");
  await page.keyboard.press("Escape");

  await page.keyboard.press("Control+k");
  await box.fill("typed");
  const executions = page.getByRole("button", { name: /^Executions of typed/ });
  await expect(executions).toBeVisible();
  // How many lines are before it depends on the executions of this flow that other specs have started.
  await expect(async () => {
    await box.press("ArrowDown");
    await expect(executions).toHaveAttribute("data-selected", "true", { timeout: 100 });
  }).toPass();
  await box.press("Enter");
  await expect(page).toHaveURL(/\/executions\?q=namespace/);
});

test("`?` lists the keyboard shortcuts of the screen, and they can be switched off", async ({
  page,
  headway,
}) => {
  await page.goto(`${headway.server.url}/approvals`);
  await expect(page.getByRole("heading", { name: "Approvals" })).toBeVisible();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(dialog).toContainText("go to executions");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await page.keyboard.press("1");
  await expect(page).toHaveURL(/\/executions$/);

  await page.getByRole("button", { name: "Preferences" }).click();
  await page.getByRole("switch", { name: "Single-key shortcuts" }).press("Space");
  await page.keyboard.press("Escape");
  await page.keyboard.press("2");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(/\/executions$/);
});

test("one preference shows all times as local or UTC, saved in this browser", async ({ page, headway }) => {
  await headway.run("quick");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(headway.server.url);
  await page.getByRole("button", { name: "Preferences" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("UTC", { exact: true }).click();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  const time = page.locator("main time").first();
  const at = await time.getAttribute("datetime");
  await expect(time).toContainText(at!.slice(11, 19));
  await page.reload();
  await expect(page.locator("main time").first()).toContainText(/\d\d:\d\d:\d\d/);
  await expect(page.getByText("UTC", { exact: true })).toBeVisible();
});

test("an unknown address shows a message", async ({ page, headway }) => {
  await page.goto(`${headway.server.url}/nowhere`);
  await expect(page.getByText("There is no page at this address.")).toBeVisible();
  await page.goto(`${headway.server.url}/executions/exec_00000000000000000000000000`);
  await expect(page.getByText("There is no such execution, or you may not see it.")).toBeVisible();
});
