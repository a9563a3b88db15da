import { expect, test } from "./test";

test("the graph keeps the selection, follows the arrow keys, and does not move while the flow runs", async ({
  page,
  headway,
}) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) refused.push(message.text());
  });
  const run = await headway.run("orders");
  await page.goto(`${headway.server.url}/executions/${run.id}?view=graph&task=extract`);
  const pane = page.getByRole("region", { name: "Tasks" });
  const node = (id: string) => pane.locator(`[data-node="${id}"]`);
  await expect(node("extract")).toHaveAttribute("aria-pressed", "true");
  const places = () =>
    pane
      .locator(".react-flow__node")
      .evaluateAll((nodes) =>
        nodes.map((one) => [one.getAttribute("data-id"), (one as HTMLElement).style.transform]),
      );
  const before = await places();
  await headway.ended(run.id);
  await expect(node("load")).toContainText("Failed");
  expect(await places()).toEqual(before);
  await expect(pane.getByText(/65 tasks in 12 nodes/)).toBeVisible();
  await expect(node("each")).toContainText("foreach, 24");
  await expect(node("each")).toContainText("3 failed");

  await node("extract").focus();
  await page.keyboard.press("ArrowRight");
  await expect(page).not.toHaveURL(/task=extract/);
  await node("load").click();
  await expect(page).toHaveURL(/task=load/);
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/task=transform/);
  await page.keyboard.press("ArrowLeft");
  await expect(page).toHaveURL(/task=load/);

  await node("stack of check_0").click();
  await expect(node("check_29")).toBeAttached();
  await pane.getByRole("button", { name: "Fit" }).click();
  await expect(node("check_29")).toBeInViewport();
  await pane.getByRole("button", { name: "Timeline", exact: true }).click();
  await expect(pane.locator('[data-task="load"]')).toHaveAttribute("aria-selected", "true");
  expect(refused).toEqual([]);
});

test("a subflow links to the execution that it started", async ({ page, headway }) => {
  const run = await headway.run("sweep");
  await page.goto(`${headway.server.url}/executions/${run.id}?view=graph`);
  const child = page.getByRole("region", { name: "Tasks" }).getByRole("link", { name: /slow-/ });
  await expect(child).toContainText("Running");
  const name = (await child.textContent())!.match(/slow-\w+/)![0];
  await page.getByRole("button", { name: `Show the tasks of ${name}` }).click();
  const inner = page.getByRole("list", { name: `Tasks of ${name}` });
  await expect(inner.getByRole("link")).toHaveText(["Running first", "Created second"]);
  await child.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
  await headway.cancel(run.id);
});
