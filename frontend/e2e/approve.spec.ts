import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

test("an approval that requires a comment moves the focus to it, then is sent with it", async ({
  page,
  headway,
}) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: release" });
  await expect(card).toContainText("Release it to everyone?");

  const approve = card.getByRole("button", { name: "Approve" });
  await expect(approve).toBeDisabled();
  await approve.click({ force: true });
  await expect(card).toContainText("Write a comment first: this approval requires one");
  await expect(card.getByLabel("Comment")).toBeFocused();

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("a");
  await expect(card.getByLabel("Comment")).toBeFocused();
  await card.getByLabel("Comment").fill("the numbers look right");
  await card.getByRole("button", { name: "Approve" }).click();
  await expect(card).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Success");
  await expect(page).toHaveTitle(`✓ ${run.name} · Headway`);
});

test("a rejection ends the execution", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: release" });
  await card.getByLabel("Comment").fill("not today");
  await card.getByRole("button", { name: "Reject" }).click();
  await expect(page.getByTestId("state")).toContainText("Rejected");
  const ended = page.getByRole("region", { name: "How it ended" });
  await expect(ended).toContainText("admin rejected release at");
  await expect(ended).toContainText("not today");
});

test("where no comment is required, a rejection is confirmed first", async ({ page, headway }) => {
  const run = await headway.run("gate");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: go" });
  await card.getByRole("button", { name: "Reject" }).click();
  const dialog = page.getByRole("dialog", { name: "Reject it?" });
  await expect(dialog).toContainText("The execution ends Rejected.");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await dialog.getByRole("button", { name: "Leave it open" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("state")).toContainText("Needs approval");
  await card.getByRole("button", { name: "Reject" }).click();
  await dialog.getByLabel("Comment").fill("not today");
  await dialog.getByRole("button", { name: "Reject it" }).click();
  await expect(page.getByTestId("state")).toContainText("Rejected");
});

test("a user who is not an approver sees why, and as an admin may override with a reason", async ({
  page,
  headway,
}) => {
  const run = await headway.run("others");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const card = page.getByRole("region", { name: "Approval needed: sign" });
  await expect(card).toContainText("You cannot decide this request: only maria may decide this.");
  await expect(card.getByRole("button", { name: "Approve" })).toHaveCount(0);
  await card.getByRole("checkbox", { name: /^Override/ }).check();
  await expect(card.getByRole("button", { name: "Override and approve" })).toBeDisabled();
  await card.getByLabel("Reason").fill("maria is away");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await card.getByRole("button", { name: "Override and approve" }).click();
  await expect(page.getByTestId("state")).toContainText("Success");
  expect(await headway.commentsOf(run.id)).toEqual(["maria is away"]);
});
