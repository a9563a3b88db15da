import type { Page } from "@playwright/test";
import { expect, test } from "./test";

const rows = (page: Page) => page.getByLabel("Log lines").locator("[data-line]");
const lastLine = (page: Page) => rows(page).last().innerText();
const newLines = (page: Page) => page.getByRole("button", { name: /new lines?/ });
const wrap = (page: Page) => page.getByRole("button", { name: "Wrap lines" });

for (const wraps of [true, false]) {
  test(`the log follows, stops on upward scroll, and resumes, ${wraps ? "wrapped" : "not wrapped"}`, async ({
    page,
    headway,
  }) => {
    const run = await headway.run("chatty");
    await page.goto(`${headway.server.url}/executions/${run.id}?tab=logs`);
    await expect(wrap(page)).toHaveAttribute("aria-pressed", "true");
    if (!wraps) await wrap(page).click();
    await expect(wrap(page)).toHaveAttribute("aria-pressed", String(wraps));
    const log = page.getByLabel("Log lines");

    await expect(log).toContainText(/late \d+/);
    const before = await lastLine(page);
    await expect.poll(() => lastLine(page)).not.toBe(before);
    await expect(newLines(page)).toBeHidden();

    await log.hover();
    await page.mouse.wheel(0, -1500);
    await expect(newLines(page)).toBeVisible();
    const place = await log.evaluate((box) => box.scrollTop);
    const counted = await newLines(page).innerText();
    await expect.poll(() => newLines(page).innerText()).not.toBe(counted);
    expect(await log.evaluate((box) => box.scrollTop)).toBe(place);

    await newLines(page).click();
    await expect(newLines(page)).toBeHidden();
    const resumed = await lastLine(page);
    await expect.poll(() => lastLine(page)).not.toBe(resumed);
    await headway.cancel(run.id);
    await expect(page.getByTestId("state")).toContainText("Killed");
  });
}

test("a search finds lines written meanwhile, without duplicates or gaps", async ({ page, headway }) => {
  const run = await headway.run("chatty");
  await page.goto(`${headway.server.url}/executions/${run.id}?tab=logs`);
  await expect(page.getByLabel("Log lines")).toContainText(/late \d+/);
  await page.getByLabel("Search the log").fill("late");
  const found = page.getByRole("status", { name: "Found" });
  const total = async () => Number((await found.innerText()).replace(/^.* of /, "").replace(/\D/g, ""));
  await expect(found).toHaveText(/ of \d+$/);
  const before = await total();
  await expect.poll(total).toBeGreaterThan(before);

  await headway.cancel(run.id);
  await expect(page.getByTestId("state")).toContainText("Killed");
  const numbers = await rows(page).evaluateAll((all) =>
    all.map((row) => Number(row.getAttribute("data-line"))),
  );
  expect(numbers).toEqual(numbers.map((_, at) => numbers[0]! + at));
});
