import { expectAccessible } from "./axe";
import { expect, test } from "./test";

const NAMES = Array.from({ length: 10 }, (_, at) => `metric_${at}`);

test("2 000 steps of ten metrics are drawn, and new values appear by themselves", async ({
  page,
  headway,
}) => {
  const { server } = headway;
  const ask = (root: string, kind: string, input: unknown, fields = "problems { message }") =>
    server.graphql<Record<string, { execution: { id: string } }>>(
      `mutation ($input: ${kind}!) { ${root}(input: $input) { ${fields} } }`,
      { input },
    );
  const recorded = await ask(
    "recordExecution",
    "RecordExecutionInput",
    { namespace: "e2e", pipeline: "training", kind: "train" },
    "execution { id }",
  );
  const executionId = recorded.recordExecution!.execution.id;
  const record = (from: number, to: number) => {
    const steps = Array.from({ length: to - from }, (_, at) => from + at);
    const metrics = steps.flatMap((step) =>
      NAMES.map((name, at) => ({ name, step, value: Math.exp(-step / (200 + 20 * at)) })),
    );
    return ask("recordMetrics", "RecordMetricsInput", { executionId, metrics });
  };
  for (let from = 0; from < 2000; from += 100) await record(from, from + 100);

  await page.goto(`${server.url}/executions/${executionId}?tab=metrics`);
  const row = page.locator('[data-metric="metric_9"]');
  await expect(row.getByRole("cell").last()).toHaveText(/^2.000$/);
  await expect(
    page.getByRole("img", { name: /^metric_0, .* over the steps$/ }).locator("canvas"),
  ).toBeVisible();

  const queries: string[] = [];
  page.on("request", (request) => {
    if (request.postData()?.includes("ExecutionMetrics")) queries.push(request.url());
  });
  await record(2000, 2001);
  await expect(row.getByRole("cell").last()).toHaveText(/^2.001$/);
  expect(queries).toEqual([]); // only new values are sent

  const plot = page.locator(".u-over");
  const box = (await plot.boundingBox())!;
  const firstStep = async () => {
    await page.mouse.move(box.x + 8, box.y + 40);
    await page.mouse.move(box.x + 3, box.y + 50);
    return Number((await page.locator("figcaption > span").first().textContent())?.replaceAll(/\D/g, ""));
  };
  expect(await firstStep()).toBeLessThan(100);
  await page.mouse.move(box.x + box.width / 2, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + (3 * box.width) / 4, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await expect.poll(firstStep).toBeGreaterThan(900);
  await record(2001, 2002);
  await expect(row.getByRole("cell").last()).toHaveText(/^2.002$/);
  expect(await firstStep()).toBeGreaterThan(900); // new values do not change the zoomed range
  await plot.dblclick({ position: { x: box.width / 2, y: 50 } });
  await expect.poll(firstStep).toBeLessThan(100);

  await page.locator('[data-metric="metric_9"]').getByRole("checkbox").check();
  await expect(page.getByRole("img", { name: /metric_9/ })).toBeVisible();
  await page.getByText("Log", { exact: true }).click();
  await expect(page.getByRole("radio", { name: "Log" })).toBeChecked();
  await expectAccessible(page);
  await ask("finishExecution", "FinishExecutionInput", { executionId, state: "SUCCESS" });
});
