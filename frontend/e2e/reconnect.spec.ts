import type { Page } from "@playwright/test";
import { expect, test } from "./test";

const link = (page: Page) => page.getByRole("banner").getByRole("status");

/** How often the page has sent this subscription. */
function followsOf(page: Page, name: string): () => number {
  let count = 0;
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      if (String(payload).includes(`subscription ${name}`)) count += 1;
    }),
  );
  return () => count;
}

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
  await expect(link(page)).toContainText("Reconnecting");
  await expect(page.getByRole("main")).toHaveAttribute("data-stale", "true");
  await expect(link(page)).toContainText("Offline since");
  await expect(page.getByRole("heading", { level: 1 }), "loaded data stays visible").toHaveText(run.name);

  // The page never repeats a mutation by itself, so no message may say so.
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(dialog.getByRole("alert")).toContainText("may not have been done");
  await expect(dialog).not.toContainText("by itself");
  await dialog.getByRole("button", { name: "Leave as it is" }).click();

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

for (const [how, end] of [
  ["restarted", "leave"],
  ["killed", "kill"],
] as const) {
  test(`no error stays when the server was ${how} while the streams were quiet`, async ({
    page,
    headway,
  }) => {
    const run = await headway.run("gate");
    const followed = followsOf(page, "ExecutionChanges");
    await page.goto(`${headway.server.url}/executions/${run.id}`);
    await expect(page.getByTestId("state")).toContainText("Needs approval");
    const list = await page.context().newPage();
    const listed = followsOf(list, "ExecutionsLive");
    await list.goto(headway.server.url);
    await expect(list.locator(`[data-execution="${run.id}"]`)).toBeVisible();
    const before = [followed(), listed()];

    await headway.server[end]();
    await expect(link(page)).not.toContainText("Live");
    await headway.server.start();
    for (const screen of [page, list]) {
      await expect(link(screen)).toContainText("Live");
    }
    // Both subscriptions run again; only then can an error be one that stays.
    await expect.poll(followed).toBeGreaterThan(before[0]!);
    await expect.poll(listed).toBeGreaterThan(before[1]!);
    for (const screen of [page, list]) await expect(screen.getByRole("alert")).toHaveCount(0);
    await headway.decide(run.id, "approve", "go");
    await expect(page.getByTestId("state")).toContainText("Success");
    await expect(list.locator(`[data-execution="${run.id}"]`)).toContainText("Success");
    for (const screen of [page, list]) await expect(screen.getByRole("alert")).toHaveCount(0);
  });
}
