import { expect, test } from "./test";

test("a foreach shows and searches the log lines of its iterations, and says where Esc leads", async ({
  page,
  headway,
}) => {
  const run = await headway.run("parts");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}?task=each&tab=logs`);
  const log = page.getByRole("region", { name: "Log", exact: true });
  await expect(log).toContainText("part 0 is read");
  await expect(log).toContainText("part 1 is read");
  await expect(log).toContainText("part 2 is read");
  await expect(log).toContainText("each[1].fetch");
  await expect(log).not.toContainText("cleaned");
  await log.getByLabel("Search the log").fill("part 2");
  await expect(log.getByRole("status", { name: "Found" })).toContainText("1 of 1");
  await expect(log.locator("footer")).toContainText("Esc whole execution");

  await page.goto(`${headway.server.url}/executions/${run.id}?task=each[1].fetch&tab=logs`);
  await expect(log).toContainText("part 1 is read");
  await expect(log).not.toContainText("part 2 is read");
  await expect(log.locator("footer")).toContainText("Esc each");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/task=each(&|$)/);

  await page.getByRole("tab", { name: /^Events/ }).click();
  await expect(page.getByText(/Events of its iterations are shown with each of their tasks/)).toBeVisible();
});
