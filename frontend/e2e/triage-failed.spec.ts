import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Headway, test } from "./test";

const marker = () => join(mkdtempSync(join(tmpdir(), "headway-e2e-")), "marker");
const icon = (name: string) => new RegExp(`/favicon-${name}\\.svg$`);

test("a failed run is found in the list, understood and restarted in two clicks", async ({
  page,
  headway,
}) => {
  const file = marker();
  const run = await headway.run("failing", { marker: file });
  await page.goto(headway.server.url);
  const row = page.locator(`[data-execution="${run.id}"]`);
  await expect(row).toContainText("connection to db-2 refused");
  await row.getByRole("link", { name: run.name }).click();

  const cause = page.getByRole("region", { name: "Why it failed" });
  await expect(cause).toContainText("extract failed after 2 attempts, exit code 3, the last at");
  await expect(cause).toContainText("1 did not run because of it");
  const loud = (await cause.getByText("connection to db-2 refused").boundingBox())!;
  expect(loud.y + loud.height).toBeLessThan(250);
  await expect(page).toHaveTitle(`✗ ${run.name} · Headway`);
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", icon("bad"));

  writeFileSync(file, "");
  await cause.getByRole("button", { name: "Restart failed tasks" }).click();
  await expect(page.getByTestId("state")).toContainText("Running");
  await expect(cause).toBeHidden();
  writeFileSync(`${file}.end`, "");
  await expect(page.getByTestId("state")).toContainText("Success");
  await expect(page).toHaveTitle(`✓ ${run.name} · Headway`);
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", icon("good"));
  await expect(page.getByRole("region", { name: /Why|How it ended/ })).toHaveCount(0);
});

async function failedAfterSuccess(headway: Headway) {
  const good = marker();
  writeFileSync(good, "good");
  const success = await headway.run("breaks", { marker: good });
  await headway.ended(success.id);
  const bad = marker();
  writeFileSync(bad, "");
  const other = await headway.run("breaks", { marker: bad });
  await headway.ended(other.id);
  const failed = await headway.run("breaks", { marker: bad });
  await headway.ended(failed.id);
  return { success, other, failed };
}

test("links lead to what changed, the last runs and the same error elsewhere", async ({ page, headway }) => {
  const { success, other, failed } = await failedAfterSuccess(headway);
  const address = `${headway.server.url}/executions/${failed.id}`;
  await page.goto(address);
  const cause = page.getByRole("region", { name: "Why it failed" });
  await expect(cause).toContainText("load failed at its first attempt, exit code 4, at");
  await expect(cause).toContainText("table orders is locked");

  const before = cause.getByRole("link", { name: new RegExp(`^${success.name}, Success, .*s$`) });
  await expect(before).toHaveAttribute("href", `/executions/${success.id}`);
  await expect(cause.getByRole("link", { name: failed.name })).toHaveAttribute("aria-current", "page");
  await cause.getByRole("link", { name: other.name }).hover();
  await expect(page.getByRole("tooltip").first()).toContainText("Failed, ");

  const change = cause.getByRole("link", { name: /^marker: .+ → / });
  await expect(change).toHaveAttribute("href", new RegExp(`/compare\\?ids=${success.id}.*${failed.id}`));

  const go = cause.getByRole("link", { name: /^Go to line \d+$/ });
  const line = /\d+/.exec(await go.innerText())![0];
  await go.click();
  await expect(page).toHaveURL(new RegExp(`task=load.*attempt=1.*tab=logs#L${line}$`));
  await cause.getByRole("link", { name: "1 did not run" }).click();
  await expect(page).toHaveURL(/show=notRun/);

  await cause.getByRole("link", { name: "Same error in 1 other execution today" }).click();
  await expect(page).toHaveURL(/error/);
  await expect(page.locator(`[data-execution="${other.id}"]`)).toBeVisible();
  await expect(page.locator("[data-execution]")).toHaveCount(1);
});

test("the summary appears as soon as it fails, and keys step through the flow's executions", async ({
  page,
  headway,
}) => {
  const file = marker();
  const first = await headway.run("breaks", { marker: file });
  const second = await headway.run("breaks", { marker: file });
  await page.goto(`${headway.server.url}/executions/${first.id}`);
  await expect(page.getByTestId("state")).toContainText("Running");
  await expect(page.getByRole("region", { name: "Why it failed" })).toHaveCount(0);
  writeFileSync(file, "");
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("table orders is locked");
  await expect(page.getByTestId("state")).toContainText("Failed");

  await expect(page.getByRole("link", { name: "Next execution" })).toBeVisible();
  await page.keyboard.press("]");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(second.name);
  await expect(page.getByRole("link", { name: "Previous execution" })).toBeVisible();
  await page.keyboard.press("[");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(first.name);
});

test("an earlier moment is marked as such, and Esc leads back to the end", async ({ page, headway }) => {
  const { failed } = await failedAfterSuccess(headway);
  await page.goto(`${headway.server.url}/executions/${failed.id}?at=3`);
  const past = page.getByRole("region", { name: "An earlier moment" });
  await expect(past).toContainText(/before the end · event 3 of \d+/);
  await past.getByRole("button", { name: "Event after" }).click();
  await expect(past).toContainText("event 4 of");
  await page.keyboard.press("Escape");
  await expect(past).toBeHidden();
  await expect(page).not.toHaveURL(/at=/);
  await expect(page.getByRole("region", { name: "Why it failed" })).toBeVisible();
});

test("the split between the panes can be dragged and is kept; the page itself does not scroll", async ({
  page,
  headway,
}) => {
  const run = await headway.run("once");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const divider = page.getByRole("separator", { name: "Width of the tasks" });
  await expect(divider).toHaveAttribute("aria-valuenow", "50");
  await divider.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(divider).toHaveAttribute("aria-valuenow", "48");
  const box = (await divider.boundingBox())!;
  await page.mouse.move(box.x + 4, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 160, box.y + 100, { steps: 4 });
  await page.mouse.up();
  const wide = Number(await divider.getAttribute("aria-valuenow"));
  expect(wide).toBeGreaterThan(55);
  await page.reload();
  await expect(divider).toHaveAttribute("aria-valuenow", String(wide));
  expect(await page.evaluate(() => document.documentElement.scrollHeight <= window.innerHeight)).toBe(true);
  await divider.dblclick();
  await expect(divider).toHaveAttribute("aria-valuenow", "50");
});
