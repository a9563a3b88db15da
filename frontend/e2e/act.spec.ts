import { expect, test } from "./test";

test("what failed is run again from the page, with the plan shown first", async ({ page, headway }) => {
  const run = await headway.run("once");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Failed");
  await page.getByRole("group", { name: "Actions" }).getByRole("button", { name: "Retry failed" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("table", { name: "What will happen" })).toContainText("was FAILED");
  await dialog.getByLabel("Reason").fill("the network is back");
  await dialog.getByRole("button", { name: "Run it again" }).click();
  await expect(page.getByRole("region", { name: "History" })).toContainText("the network is back");
});

test("a flow is run with a form: wrong input is told at its field, then it is watched", async ({
  page,
  headway,
}) => {
  await page.goto(headway.server.url);
  await page.getByRole("button", { name: "Run a flow" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Flow").click();
  await page.getByRole("option", { name: "e2e/typed" }).click();
  await dialog.getByLabel("size").fill("5000");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog).toContainText("must be at most 1000");
  await dialog.getByLabel("size").fill("7");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByTestId("run-state")).toContainText("Success");
  await dialog.getByRole("link", { name: "View details" }).click();
  await expect(page.getByTestId("state")).toContainText("Success");
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page.getByRole("dialog").getByLabel("size")).toHaveValue("7");
});

test("a new execution is prepared: what succeeded is not ticked", async ({ page, headway }) => {
  const run = await headway.run("once");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "Prepare execution" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("good")).not.toBeChecked();
  await expect(dialog.getByLabel("bad")).toBeChecked();
  await dialog.getByLabel("bad").uncheck();
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByTestId("run-state")).toContainText("Success");
});

test("a state is corrected with a reason, a note is kept, a replay starts from a task", async ({
  page,
  headway,
}) => {
  const run = await headway.run("once");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Change state" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("State").click();
  await page.getByRole("option", { name: "WARNING", exact: true }).click();
  await dialog.getByLabel("Reason").fill("known, harmless");
  await dialog.getByRole("button", { name: "Change state" }).click();
  await expect(page.getByTestId("state")).toContainText("Warning");

  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Add note" }).click();
  await page.getByRole("dialog").getByLabel("Note").fill("asked the vendor");
  await page.getByRole("dialog").getByRole("button", { name: "Add note" }).click();
  await expect(page.getByRole("list", { name: "Notes" })).toContainText("asked the vendor");

  await page.getByRole("button", { name: /^bad / }).click();
  await page.getByRole("button", { name: "Replay from here" }).click();
  await expect(page.getByRole("dialog")).toContainText("SUCCESS in");
  await page.getByRole("dialog").getByRole("button", { name: "Start the replay" }).click();
  await expect(page.getByRole("list", { name: "Related executions" })).toContainText("Replay of");
});
