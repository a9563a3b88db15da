import { expect, test } from "./test";

test("scrub to the moment before the failure, and back", async ({ page, headway }) => {
  const run = await headway.run("orders");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const pane = page.getByRole("region", { name: "Tasks" });
  const knob = pane.getByRole("slider", { name: "Moment shown" });
  await expect(knob).toHaveAttribute("aria-valuetext", /event (\d+) of \1$/);
  await expect(pane.locator('[data-task="load"]')).toContainText("Failed");

  await knob.focus();
  await expect(async () => {
    await page.keyboard.press("ArrowLeft");
    await expect(pane.locator('[data-task="load"]')).toContainText("Running", { timeout: 700 });
  }).toPass();
  await expect(page).toHaveURL(/at=\d+/);
  await expect(page.getByTestId("state")).toContainText("Failed, finishing");
  await expect(knob).toBeFocused();
  const bars = pane.locator('[data-task="load"] [data-kind="failed"]');
  await expect(bars).toHaveCount(2); // the third attempt runs

  const track = (await knob.locator("..").boundingBox())!;
  await page.mouse.move(track.x + track.width * 0.99, track.y + 12);
  await page.mouse.down();
  await page.mouse.move(track.x + track.width * 0.3, track.y + 12, { steps: 5 });
  await page.mouse.up();
  await expect(bars).toHaveCount(0);
  await expect(pane.locator('[data-task="extract"]')).toContainText("Success");

  await pane.getByRole("button", { name: "Back to the end" }).click();
  await expect(page).not.toHaveURL(/at=/);
  await expect(pane.locator('[data-task="load"]')).toContainText("Failed");
});

test("while an earlier moment is shown, new events do not move the view", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const pane = page.getByRole("region", { name: "Tasks" });
  const knob = pane.getByRole("slider", { name: "Moment shown" });
  await expect(pane.locator('[data-task="release"]')).toContainText("Needs approval");
  await expect(pane, "its events are read").toContainText(/event \d/);
  await knob.focus();
  await page.keyboard.press("Home");
  await expect(page).toHaveURL(/at=\d+/);
  await expect(pane.locator('[data-task="release"]')).toContainText("Created");
  const place = (await knob.boundingBox())!.x;
  const count = Number(await knob.getAttribute("aria-valuemax"));
  await headway.decide(run.id, "approve", "fine");
  await expect.poll(async () => Number(await knob.getAttribute("aria-valuemax"))).toBeGreaterThan(count);
  await expect(pane.locator('[data-task="release"]')).toContainText("Created");
  expect((await knob.boundingBox())!.x).toBe(place);
  await pane.getByRole("button", { name: /^Back to/ }).click();
  await expect(pane.locator('[data-task="release"]')).toContainText("Success");
});
