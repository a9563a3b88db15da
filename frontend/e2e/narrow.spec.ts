import type { Page } from "@playwright/test";
import { expect, test } from "./test";

test.use({ viewport: { width: 375, height: 800 }, hasTouch: true });

const fits = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

test("at 375 pixels nothing overflows sideways, and an approval works from the execution page", async ({
  page,
  headway,
}) => {
  const run = await headway.run("asking");
  await page.goto(headway.server.url);
  const row = page.locator(`[data-execution="${run.id}"]`);
  await expect(row).toContainText("Needs approval");
  expect(await fits(page)).toBe(true);

  await page.goto(`${headway.server.url}/approvals`);
  await page.getByRole("listitem").filter({ hasText: run.name }).getByRole("button").first().click();
  await expect(page.getByRole("button", { name: "Approve" })).toBeInViewport();
  expect(await fits(page)).toBe(true);

  await page.goto(headway.server.url);
  await row.getByRole("link", { name: run.name }).click();
  const approve = page.getByRole("button", { name: "Approve" });
  await expect(approve).toBeInViewport();
  expect((await approve.boundingBox())!.height).toBeGreaterThanOrEqual(40);
  expect(await fits(page)).toBe(true);
  await page.getByLabel("Comment").fill("from the sofa");
  await approve.click();
  await expect(page.getByTestId("state")).toContainText("Success");
  expect(await fits(page)).toBe(true);

  const back = page.getByRole("main").getByRole("link", { name: "Executions" });
  expect((await back.boundingBox())!.height).toBeGreaterThanOrEqual(40);
  await back.click();
  await expect(row).toContainText("Success");
});

test("at 375 pixels a failure shows the log before the tasks, a running execution the tasks", async ({
  page,
  headway,
}) => {
  const top = async (name: string) => (await page.locator(`[data-pane="${name}"]`).boundingBox())!.y;
  const failed = await headway.run("once");
  await headway.ended(failed.id);
  await page.goto(`${headway.server.url}/executions/${failed.id}`);
  const restart = page.getByRole("button", { name: "Restart failed tasks" });
  await expect(restart).toBeInViewport();
  expect((await restart.boundingBox())!.height).toBeGreaterThanOrEqual(40);
  expect(await fits(page)).toBe(true);
  const log = (await page.getByRole("region", { name: "Log lines" }).boundingBox())!;
  expect(log.height).toBeGreaterThanOrEqual(260);
  const bar = (await page.getByRole("navigation", { name: "Areas" }).boundingBox())!;
  expect(bar.y - log.y).toBeGreaterThanOrEqual(250);
  const facts = (await page.getByRole("region", { name: "About this failure" }).boundingBox())!;
  expect(facts.y).toBeGreaterThan(log.y + log.height);
  expect(facts.y).toBeLessThan(await top("tasks"));
  const go = page.getByRole("link", { name: /^Go to line/ });
  await expect(go).toBeHidden();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await expect(go).toBeVisible();
  await page.goto(`${headway.server.url}/executions/${failed.id}?view=graph`);
  await expect(page.locator('[data-node="bad"]')).toBeInViewport();
  expect(await top("tasks")).toBeLessThan(await top("inspector"));

  const slow = await headway.run("slow");
  await page.goto(`${headway.server.url}/executions/${slow.id}`);
  await expect(page.getByTestId("state")).toContainText("Running");
  expect(await top("tasks")).toBeLessThan(await top("inspector"));
  expect(await fits(page)).toBe(true);
  await headway.cancel(slow.id);
});

test("at 375 pixels the parts of the breadcrumb do not overlap", async ({ page, headway }) => {
  const run = await headway.run("parts");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}?task=each[1].fetch&tab=logs`);
  const path = page.getByRole("navigation", { name: "Selection" });
  await expect(path).toContainText("fetch");
  const overlaps = await path.evaluate((nav) => {
    const parts = [...nav.querySelectorAll("button, svg, h2")].map((part) => part.getBoundingClientRect());
    const seen = parts.filter(({ width }) => width > 0);
    return seen.slice(1).filter(({ left }, at) => left < seen[at]!.right - 0.5).length;
  });
  expect(overlaps).toBe(0);
  expect(
    await path
      .getByRole("button", { name: "each [1]" })
      .evaluate((one) => one.scrollWidth <= one.clientWidth),
  ).toBe(true);
});
