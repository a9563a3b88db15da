import { expect, test } from "./test";

test("after a crash of the server the page is live again, with nothing missing", async ({
  page,
  headway,
}) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Needs approval");
  const list = await page.context().newPage();
  await list.goto(headway.server.url);
  await expect(list.locator(`[data-execution="${run.id}"]`)).toBeVisible();
  await list.mouse.move(2, 2);

  await headway.server.kill();
  const link = (of: typeof page) => of.getByRole("banner").getByRole("status");
  await expect(link(page)).toContainText("Reconnecting");
  await expect(page.getByRole("main")).toHaveAttribute("data-stale", "true");
  await expect(link(page)).toContainText("Offline since");

  await headway.server.start();
  const later = await headway.run("quick");
  await expect(link(page)).toContainText("Live");
  await expect(page.getByRole("main")).not.toHaveAttribute("data-stale", "true");
  await expect(list.locator(`[data-execution="${later.id}"]`)).toContainText("Success");

  const card = page.getByRole("region", { name: "Approval needed: release" });
  await card.getByLabel("Comment").fill("after the crash");
  await card.getByRole("button", { name: "Approve" }).click();
  await expect(page.getByTestId("state")).toContainText("Success");
  await expect(list.locator(`[data-execution="${run.id}"]`)).toContainText("Success");
});
