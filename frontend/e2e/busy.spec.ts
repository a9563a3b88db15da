import { record } from "./rows";
import { expect, test } from "./test";

const ROWS = 50;
const SECONDS = 5;
const A_SECOND = 200;

test("the page stays responsive while 200 rows change every second", async ({ page, headway }) => {
  test.setTimeout(120_000);
  const { server } = headway;
  const ids: string[] = [];
  for (let at = 0; at < ROWS; at += 1) ids.push((await record(headway, "e2e.busy", { pipeline: "busy" })).id);
  await page.goto(`${server.url}/executions?q=namespace:e2e.busy`);
  await expect(page.locator("[data-execution]").first()).toBeVisible();

  // Fifty labels in one request, four requests a second.
  const change = (turn: number) =>
    server.graphql(
      `mutation { ${ids
        .map(
          (id, at) =>
            `m${at}: setLabels(input: {id: "${id}", labels: [{key: "turn", value: "${turn}"}]}) { problems { message } }`,
        )
        .join(" ")} }`,
    );
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () =>
    (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")!.value;
  const before = await busy();
  const began = Date.now();
  const turns = (SECONDS * A_SECOND) / ROWS;
  for (let turn = 1; turn <= turns; turn += 1) {
    await change(turn);
    await expect.poll(() => Date.now() - began).toBeGreaterThan(((turn - 1) * 1000 * ROWS) / A_SECOND);
  }
  const share = (await busy()) - before;
  const lasted = (Date.now() - began) / 1000;
  test.info().annotations.push({ type: "measured", description: `${((share / lasted) * 100).toFixed(1)} %` });
  console.log(`main thread: ${((share / lasted) * 100).toFixed(1)} % of ${lasted.toFixed(1)} s`);
  expect(share / lasted).toBeLessThan(0.5);

  const { execution } = await server.graphql<{ execution: { labels: { value: string }[] } }>(
    "query ($id: ID!) { execution(id: $id) { labels { value } } }",
    { id: ids[0] },
  );
  expect(execution.labels[0]!.value).toBe(String(turns));
  const row = page.locator(`[data-execution="${ids.at(-1)}"]`);
  await expect(row).toContainText(String(turns));
});
