import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

test("an approval appears in the inbox live, is approved there, and disappears", async ({
  page,
  headway,
}) => {
  await headway.cancelAllThatWait();
  await page.goto(`${headway.server.url}/approvals`);
  await expect(page.getByText("No approvals are waiting for you.")).toBeVisible();
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
  await expect(request.getByRole("button", { name: "Approve" })).toBeDisabled();
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

test("a user with the request open sees that somebody else decided it", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/approvals`);
  const request = page.getByRole("listitem").filter({ hasText: run.name });
  await request.getByRole("button", { name: "Release it to everyone?", exact: true }).click();
  await request.getByLabel("Comment").fill("half a w");
  await headway.decide(run.id, "reject", "not today");
  await expect(request.getByRole("status")).toContainText(
    /Rejected by \S+ just now\. Nothing is left to decide/,
  );
  await request.getByRole("button", { name: "Release it to everyone?", exact: true }).click();
  await expect(request).toHaveCount(0);
});
