import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

test("an approval appears in the inbox live, is given there, and leaves", async ({ page, headway }) => {
  await headway.cancelAllThatWait();
  await page.goto(`${headway.server.url}/approvals`);
  await expect(page.getByText("Nothing waits for you.")).toBeVisible();
  const entry = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Approvals/ });
  await expect(entry).toHaveAccessibleName("Approvals");

  const first = await headway.run("asking");
  const request = page.getByRole("listitem").filter({ hasText: first.name });
  await expect(request).toContainText("Release it to everyone?");
  await expect(request).toContainText("0 of 1");
  await expect(entry).toHaveAccessibleName("Approvals 1 waiting for you");
  const second = await headway.run("asking");
  await expect(entry).toHaveAccessibleName("Approvals 2 waiting for you");

  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await expect(request.getByLabel("Comment")).toBeFocused();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }
  await request.getByRole("button", { name: "Approve" }).click();
  await expect(request.getByRole("alert")).toContainText(/comment/i);
  await request.getByLabel("Comment").fill("the numbers look right");
  await request.getByRole("button", { name: "Approve" }).click();
  await expect(request).toHaveCount(0);
  await expect(entry).toHaveAccessibleName("Approvals 1 waiting for you");

  await page.getByRole("button", { name: "All", exact: true }).click();
  await expect(page).toHaveURL(/\/approvals\?show=all$/);
  await page.reload();
  await page.getByRole("link", { name: second.name }).click();
  await expect(page.getByRole("region", { name: "Approval needed: release" })).toBeVisible();
  await headway.cancel(second.id);
  await expect(entry).toHaveAccessibleName("Approvals");
});

test("what somebody else decides is told to who has it open", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/approvals`);
  const request = page.getByRole("listitem").filter({ hasText: run.name });
  await request.getByRole("button", { name: "Release it to everyone?" }).click();
  await request.getByLabel("Comment").fill("half a w");
  await headway.decide(run.id, "reject", "not today");
  await expect(request.getByRole("status")).toContainText(
    /Rejected by \S+ just now\. Nothing is left to decide/,
  );
  await request.getByRole("button", { name: "Release it to everyone?" }).click();
  await expect(request).toHaveCount(0);
});

test("iterations are folded to counts, and the one that failed stands there", async ({ page, headway }) => {
  const run = await headway.run("many");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Failed");
  const each = page.locator('[data-task="each"]');
  const counts = each.getByRole("list", { name: "Iterations of each", exact: true }).getByRole("listitem");
  await expect(counts).toHaveText(["59 succeeded", "1 failed"]);
  await expect(each.locator("[data-task]")).toHaveCount(1);
  const failed = page.locator('[data-task="each[17].check"]');
  await expect(failed).toContainText("[17] check");
  await expect(failed).toContainText("Failed");
  await expect(each).toContainText("item 17");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }

  await each.getByRole("button", { name: "Show all 60" }).click();
  const all = each.getByRole("list", { name: "All iterations of each" });
  await expect(all.getByRole("button").first()).toContainText("[17] check");
  await expect(all.getByRole("button").nth(1)).toContainText("[0] check");
  const drawn = await all.locator("[data-task]").count();
  expect(drawn).toBeLessThan(45);
  await all.hover();
  await page.mouse.wheel(0, 5000);
  await expect(all.locator('[data-task="each[59].check"]')).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await each.getByRole("button", { name: "Fold" }).click();
  await expect(each.locator("[data-task]")).toHaveCount(1);
});
