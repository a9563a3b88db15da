import { expect, test } from "./test";

test("the log follows, stops on upward scroll, and goes on", async ({ page, headway }) => {
  const run = await headway.run("chatty");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const log = page.getByLabel("Log lines");
  const lastLine = () => log.locator("[data-line]").last().innerText();

  await expect(log).toContainText(/late \d+/);
  const before = await lastLine();
  await expect.poll(lastLine).not.toBe(before);

  await log.hover();
  await page.mouse.wheel(0, -1500);
  await expect(page.getByRole("button", { name: /\d+ new lines/ })).toBeVisible();
  const place = await log.evaluate((box) => box.scrollTop);
  const unseen = () => page.getByRole("button", { name: /new lines/ }).innerText();
  const counted = await unseen();
  await expect.poll(unseen).not.toBe(counted);
  expect(await log.evaluate((box) => box.scrollTop)).toBe(place);

  await page.getByRole("button", { name: /new lines/ }).click();
  await expect(page.getByRole("button", { name: /new lines/ })).toBeHidden();
  await headway.cancel(run.id);
  await expect(page.getByTestId("state")).toContainText("Killed");
});

test("a line's address shows the line, older ones are paged in, and copies hold no numbers", async ({
  page,
  headway,
}) => {
  const run = await headway.run("chatty");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByLabel("Log lines")).toContainText(/late \d{3}/);
  await headway.cancel(run.id);
  await expect(page.getByTestId("state")).toContainText("Killed");

  await page.goto(`${headway.server.url}/executions/${run.id}#L5`);
  await expect(page.locator('[data-line="5"][data-marked]')).toBeInViewport();
  await expect(page.locator('[data-line="5"]').last()).toContainText("early 5");

  await page.getByRole("button", { name: "Copy", exact: true }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split("\n").slice(0, 3)).toEqual(["early 1", "early 2", "early 3"]);
});
