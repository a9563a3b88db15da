import { expect, test } from "./test";

test("cancel asks for confirmation and a reason; the page shows who cancelled and the next actions", async ({
  page,
  headway,
}) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Running");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("wrong day");
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Killed");
  const ended = page.getByRole("region", { name: "How it ended" });
  await expect(ended).toContainText("admin cancelled it at");
  await expect(ended).toContainText("wrong day");
  await page.getByRole("button", { name: /^More for/ }).click();
  const cancel = page.getByRole("menuitem", { name: /^Cancel/ });
  await expect(cancel).toHaveAttribute("aria-disabled", "true");
  await expect(cancel).toContainText("not ended");
  await page.keyboard.press("Escape");
  await ended.getByRole("button", { name: "Restart", exact: true }).click();
  await expect(page.getByTestId("state")).toContainText("Running");
  await headway.cancel(run.id);
});

test("executions of subflows keep running when cascading is switched off", async ({ page, headway }) => {
  const run = await headway.run("parent");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const childOf = async () => {
    const { execution } = await headway.server.graphql<{
      execution: { children: { id: string; state: string }[] };
    }>("query ($id: ID!) { execution(id: $id) { children { id state } } }", { id: run.id });
    return execution.children[0];
  };
  await expect.poll(async () => (await childOf())?.state).toBe("RUNNING");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const cascade = dialog.getByRole("checkbox", { name: /subflows started too/ });
  await expect(cascade).toBeChecked();
  await cascade.uncheck();
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(page.getByTestId("state")).toContainText("Killed");
  const child = (await childOf())!;
  expect(child.state).toBe("RUNNING");
  await headway.cancel(child.id);
});

test("a label links to the list filtered by it; the row's menu cancels too", async ({ page, headway }) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: "Set labels" }).click();
  await page.getByLabel("Key of label 1").fill("team");
  await page.getByLabel("Value of label 1").fill("data");
  await page.getByRole("button", { name: "Save labels" }).click();
  await page.getByRole("link", { name: "team=data" }).click();
  await expect(page).toHaveURL(/q=label\.team/);

  const row = page.locator(`[data-execution="${run.id}"]`);
  await row.getByRole("button", { name: `Actions for ${run.name}` }).click();
  await page.getByRole("menuitem", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel execution" }).click();
  await expect(row).toContainText("Killed");
});
