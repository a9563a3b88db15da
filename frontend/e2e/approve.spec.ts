import { expect, test } from "./test";

test("an approval is refused with the server's sentence, then given with a comment", async ({
  page,
  headway,
}) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: release" });
  await expect(card).toContainText("Release it to everyone?");

  await card.getByRole("button", { name: "Approve" }).click();
  await expect(card.getByRole("alert")).toContainText(/comment/i);

  await page.keyboard.press("Escape");
  await card.getByLabel("Comment").fill("the numbers look right");
  await card.getByRole("button", { name: "Approve" }).click();
  await expect(card).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Success");
  await expect(page.getByRole("region", { name: "History" })).toContainText("release");
});

test("a rejection ends it", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: release" });
  await card.getByLabel("Comment").fill("not today");
  await card.getByRole("button", { name: "Reject" }).click();
  await expect(page.getByTestId("state")).toContainText("Rejected");
});
