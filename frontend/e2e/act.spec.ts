import { expect, type Headway, test } from "./test";

type Change = { actor: { name: string }; reason: string | null };

async function reasonsOf(headway: Headway, id: string): Promise<(string | null)[]> {
  const { execution } = await headway.server.graphql<{ execution: { events: Change[] } }>(
    "query ($id: ID!) { execution(id: $id) { events(last: 200) { reason } } }",
    { id },
  );
  return execution.events.map(({ reason }) => reason);
}

test("the key opens a confirmation with the plan and a reason; the palette has the same action", async ({
  page,
  headway,
}) => {
  const run = await headway.run("once");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByRole("button", { name: "Restart failed tasks" })).toBeVisible();
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("table", { name: "What will happen" })).toContainText("was Failed");
  await dialog.getByLabel("Reason").fill("the network is back");
  await dialog.getByRole("button", { name: "Restart failed tasks" }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => reasonsOf(headway, run.id)).toContain("the network is back");
  await headway.ended(run.id);

  await page.keyboard.press("Control+k");
  await page.getByRole("textbox", { name: "Search or jump" }).fill("replay");
  await page.getByRole("button", { name: /^Replay/ }).click();
  await expect(page.getByRole("dialog", { name: "Start a replay?" })).toBeVisible();
});

test("a single key changes nothing: pause opens a confirmation", async ({ page, headway }) => {
  const run = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.keyboard.press("p");
  const dialog = page.getByRole("dialog", { name: "Pause this execution?" });
  await dialog.getByRole("button", { name: "Leave as it is" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Running");
  await page.keyboard.press("p");
  await dialog.getByLabel("Reason").fill("wait for the vendor");
  await dialog.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByTestId("state")).toContainText("Paused");
  const still = page.getByRole("region", { name: "Why it is waiting" });
  await expect(still).toContainText(/Paused by admin/);
  await expect(still).toContainText("wait for the vendor");
  await still.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByTestId("state")).toContainText("Running");
  await headway.cancel(run.id);
});

test("run again opens the form with the inputs; an external run says why it cannot be run again", async ({
  page,
  headway,
}) => {
  const run = await headway.run("typed", { size: 7 });
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "Run again" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("size")).toHaveValue("7");
  await dialog.getByLabel("size").fill("5000");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog).toContainText("must be at most 1000");
  await dialog.getByLabel("size").fill("8");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByTestId("run-state")).toContainText("Success");

  const { recordExecution } = await headway.server.graphql<{
    recordExecution: { execution: { id: string } };
  }>("mutation ($input: RecordExecutionInput!) { recordExecution(input: $input) { execution { id } } }", {
    input: { namespace: "lab", pipeline: "elsewhere", kind: "train" },
  });
  await headway.server.graphql(
    "mutation ($input: FinishExecutionInput!) { finishExecution(input: $input) { problems { message } } }",
    { input: { executionId: recordExecution.execution.id, state: "FAILED" } },
  );
  await page.goto(`${headway.server.url}/executions/${recordExecution.execution.id}`);
  await expect(page.getByText("Recorded", { exact: true })).toBeVisible();
  const again = page.getByRole("button", { name: "Run again" });
  await expect(again).toHaveAttribute("aria-disabled", "true");
  await again.hover();
  await expect(page.getByRole("tooltip")).toContainText("ran elsewhere");
});

test("prepare a new execution: tasks that succeeded are not ticked", async ({ page, headway }) => {
  const run = await headway.run("once");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "Other ways to run it again" }).click();
  await page.getByRole("menuitem", { name: /^Prepare execution/ }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("good")).not.toBeChecked();
  await expect(dialog.getByLabel("bad")).toBeChecked();
  await dialog.getByLabel("bad").uncheck();
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog.getByTestId("run-state")).toContainText("Success");
});

test("replay from the failed task; add a note; correct a state with a reason", async ({ page, headway }) => {
  const run = await headway.run("once");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: "Other ways to run it again" }).click();
  await page.getByRole("menuitem", { name: /^Replay from bad/ }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("table", { name: "What will happen" })).toContainText("Success in");
  await dialog.getByRole("button", { name: "Start the replay" }).click();
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText(run.name);
  await expect(page.getByText("replay by admin")).toBeVisible();

  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await page.getByRole("button", { name: /^More for/ }).click();
  const resume = page.getByRole("menuitem", { name: /^Resume/ });
  await expect(resume).toHaveAttribute("aria-disabled", "true");
  await expect(resume).toContainText("PAUSED");
  await page.getByRole("menuitem", { name: "Add note" }).click();
  await dialog.getByLabel("Note").fill("mailed the vendor");
  await dialog.getByRole("button", { name: "Add note" }).click();
  await expect(dialog).toBeHidden();

  await page.getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: "Change state" }).click();
  await dialog.getByLabel("State").click();
  await page.getByRole("option", { name: "Warning", exact: true }).click();
  await dialog.getByLabel("Reason").fill("known, harmless");
  await dialog.getByRole("button", { name: "Change state" }).click();
  await expect(page.getByTestId("state")).toContainText("Warning");
  expect(await reasonsOf(headway, run.id)).toContain("known, harmless");
});
