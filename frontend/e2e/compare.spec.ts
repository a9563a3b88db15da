import { expectAccessible } from "./axe";
import { recordTraining } from "./recorded";
import { expect, test } from "./test";

test("three training runs are shown side by side, with their curves in one chart", async ({
  page,
  headway,
}) => {
  const ids = [
    await recordTraining(headway, { learningRate: 0.01, steps: 60, floor: 0.08 }),
    await recordTraining(headway, { learningRate: 0.003, steps: 60, floor: 0.09 }),
    await recordTraining(headway, { learningRate: 0.03, steps: 40, floor: 0.03 }),
  ];
  await page.goto(`${headway.server.url}/compare?ids=${ids.join(",")}`);
  await expect(page).toHaveTitle("Compare 3 executions · Headway");
  const loss = page.getByRole("row", { name: /^val_loss, best/ });
  await expect(loss.getByRole("cell").last()).toContainText("better");
  await expect(loss.getByRole("cell").last()).toContainText("best");
  await expect(page.getByRole("row", { name: /^learning_rate/ }).getByRole("cell")).toHaveText([
    "0.01",
    "0.003",
    "0.03",
  ]);
  await expect(page.getByRole("row", { name: /^batch_size/ })).toHaveCount(0);
  await expect(page.getByRole("img", { name: /^val_loss of/ }).locator("canvas")).toBeVisible();

  await expect(page.getByRole("list", { name: "Legend" }).getByRole("listitem")).toHaveText([
    /A training-/,
    /B training-/,
    /C training-/,
  ]);

  // The read-out of both charts follows the pointer on one.
  const chart = page.locator('[data-curve="val_loss"]');
  const other = page.locator('[data-curve="accuracy"] figcaption');
  const before = await other.innerText();
  const box = (await chart.locator("canvas").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
  await expect(other).not.toHaveText(before);
  await expect(other).toContainText(/^step \d+/);

  await page
    .getByRole("button", { name: /^make baseline/ })
    .last()
    .click();
  await expect(page).toHaveURL(new RegExp(`baseline=${ids[2]}`));
  await expect(loss.getByRole("cell").first()).toContainText("worse");
  await page.getByRole("button", { name: /^Show the \d+ rows that are equal$/ }).click();
  await expect(page.getByRole("row", { name: /^batch_size/ })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("row", { name: /^batch_size/ })).toBeVisible();

  await expectAccessible(page);

  await page.setViewportSize({ width: 375, height: 800 });
  await expect(loss.getByRole("cell")).toHaveCount(3);
  const places = await loss
    .getByRole("cell")
    .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect()));
  expect(new Set(places.map(({ x }) => x)).size).toBe(1);
  expect(places[2]!.top).toBeGreaterThanOrEqual(places[1]!.bottom);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
  await expectAccessible(page);
});

test("executions to compare can be chosen on the page too", async ({ page, headway }) => {
  const one = await recordTraining(headway, { learningRate: 0.1, steps: 3, floor: 0.2 });
  const other = await recordTraining(headway, { learningRate: 0.2, steps: 3, floor: 0.3 });
  await page.goto(`${headway.server.url}/compare?ids=${one}`);
  await expect(page.getByText("Choose one more with Add.")).toBeVisible();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const { execution } = await headway.server.graphql<{ execution: { name: string } }>(
    "query ($id: ID!) { execution(id: $id) { name } }",
    { id: other },
  );
  await page.getByRole("combobox", { name: "Execution" }).fill(`name:${execution.name}`);
  // The server's answer replaces the executions that were offered before.
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.getByRole("option", { name: execution.name }).click();
  await expect(page).toHaveURL(new RegExp(`ids=${one},${other}`));
  await expect(page.getByRole("heading", { name: "Compare 2 executions" })).toBeVisible();
});
