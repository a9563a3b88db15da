import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "./test";

test("from the list to the cause and the cure", async ({ page, headway }) => {
  const marker = join(mkdtempSync(join(tmpdir(), "headway-e2e-")), "marker");
  const run = await headway.run("failing", { marker });
  await page.goto(headway.server.url);

  const row = page.locator(`[data-execution="${run.id}"]`);
  await expect(row).toContainText("Failed, finishing");
  await expect(row).toContainText("connection to db-2 refused");
  await row.getByRole("link", { name: run.name }).click();

  const cause = page.getByRole("region", { name: "Why it failed" });
  await expect(cause).toBeInViewport();
  await expect(cause).toContainText("extract failed after 2 attempts");
  await expect(cause).toContainText("load did not run because of it.");
  await expect(cause.locator("[data-marked]")).toContainText("connection to db-2 refused");

  const link = cause.getByRole("link", { name: /^Show line \d+ in the log$/ });
  const line = /\d+/.exec(await link.innerText())![0];
  await link.click();
  await expect(page).toHaveURL(new RegExp(`#L${line}$`));
  await expect(page.getByLabel("Log lines").locator(`[data-line="${line}"][data-marked]`)).toBeInViewport();

  await page.locator('[data-task="extract"]').getByRole("button").first().click();
  await expect(page.getByRole("region", { name: "Attempts" }).getByRole("row")).toHaveCount(3);

  writeFileSync(marker, "");
  await page.getByRole("button", { name: "Retry failed" }).click();
  await expect(page.getByTestId("state")).toContainText("Running");
  writeFileSync(`${marker}.end`, "");
  await expect(page.getByTestId("state")).toContainText("Success");
  await expect(page.getByRole("button", { name: "Retry failed" })).toHaveAttribute("aria-disabled", "true");
  await expect(page.getByRole("region", { name: "History" })).toContainText("FAILED_FINISHING → RUNNING");
});
