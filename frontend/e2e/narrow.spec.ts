import { expect, test } from "./test";

test.use({ viewport: { width: 375, height: 800 } });

test("at 375 pixels rows are cards, nothing runs off the side, and actions are reachable", async ({
  page,
  headway,
}) => {
  const run = await headway.run("asking");
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  await page.goto(headway.server.url);
  const card = page.locator(`[data-execution="${run.id}"]`);
  await expect(card).toContainText("Needs approval");
  expect((await card.boundingBox())!.height).toBeGreaterThan(80);
  expect(await fits()).toBe(true);

  await page.goto(`${headway.server.url}/approvals`);
  await page.getByRole("listitem").filter({ hasText: run.name }).getByRole("button").first().click();
  await expect(page.getByRole("button", { name: "Approve" })).toBeInViewport();
  expect(await fits()).toBe(true);

  await page.goto(headway.server.url);
  await card.getByRole("link", { name: run.name }).click();
  await expect(page.getByRole("button", { name: "Approve" })).toBeInViewport();
  expect(await fits()).toBe(true);
  await page.getByLabel("Comment").fill("from the sofa");
  await page.getByRole("button", { name: "Approve" }).click();
  await expect(page.getByTestId("state")).toContainText("Success");
  expect(await fits()).toBe(true);
});
