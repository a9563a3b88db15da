import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, type Headway, test } from "./test";

const pane = (page: Page) => page.getByRole("region", { name: "Tasks" });
const row = (page: Page, key: string) => pane(page).locator(`[data-task="${key}"]`);
/** The text of each line, in order. */
const names = (page: Page) =>
  pane(page)
    .locator("[data-row]")
    .evaluateAll((rows) =>
      rows
        .sort((one, other) => Number(one.ariaRowIndex) - Number(other.ariaRowIndex))
        .map((line) => line.querySelector("[role=gridcell]")!.textContent!.trim()),
    );

async function failedOrders(headway: Headway) {
  const run = await headway.run("orders");
  await headway.ended(run.id);
  return run;
}

test("a failed execution: failures first, successes folded, tasks that did not run say what they need", async ({
  page,
  headway,
}) => {
  const run = await failedOrders(headway);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(row(page, "load")).toBeVisible();
  const lines = await names(page);
  expect(lines.indexOf("In the order of the flow")).toBeGreaterThan(
    lines.findIndex((line) => /load/.test(line)),
  );
  expect(lines.filter((line) => /^Failed \[/.test(line))).toHaveLength(3);
  expect(lines).toContain("21 succeeded");
  expect(lines).toContain("30 succeeded");
  await expect(row(page, "transform")).toContainText("Not run");
  await expect(row(page, "transform")).toContainText("needs load");
  await expect(row(page, "load")).toContainText("3 tries");
  await expect(row(page, "load").locator('[data-kind="failed"]')).toHaveCount(3);
  await expect(row(page, "load").locator('[data-kind="retry"]')).toHaveCount(2);

  await pane(page).getByText("30 succeeded").click();
  await expect(row(page, "check_0")).toBeVisible();
  await pane(page)
    .getByRole("button", { name: /^5\s*Failed$/ })
    .click();
  await expect(pane(page).getByRole("treegrid")).toHaveAttribute("aria-rowcount", "6");
  await expect(page).toHaveURL(/show=failed/);
});

test("a task is selected by click, by keyboard and by URL", async ({ page, headway }) => {
  const run = await failedOrders(headway);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await row(page, "extract").click();
  await expect(page).toHaveURL(/task=extract/);
  await expect(row(page, "extract")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/task=validate/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await expect(row(page, "check_0")).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await expect(page).toHaveURL(/task=check_0/);

  await page.goto(`${headway.server.url}/executions/${run.id}?task=${encodeURIComponent("each[13].fetch")}`);
  await expect(row(page, "each[13].fetch")).toHaveAttribute("aria-selected", "true");
  await row(page, "load").hover();
  const menu = page.getByRole("button", { name: "Menu of load" });
  const end = (await row(page, "load").locator('[data-kind="failed"]').last().boundingBox())!;
  expect((await menu.boundingBox())!.x).toBeGreaterThanOrEqual(end.x + end.width);
  await menu.click();
  await page.getByRole("menuitem", { name: "Outputs" }).click();
  await expect(page).toHaveURL(/task=load.*tab=outputs/);
});

test("a drag over the axis, or a key, zooms into a part of the time", async ({ page, headway }) => {
  const run = await failedOrders(headway);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const bar = row(page, "extract").locator('[data-kind="good"]');
  const before = (await bar.boundingBox())!.width;
  const axis = (await page.getByRole("group", { name: "Time axis" }).boundingBox())!;
  await page.mouse.move(axis.x + 1, axis.y + 8);
  await page.mouse.down();
  await page.mouse.move(axis.x + axis.width / 2, axis.y + 8, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => (await bar.boundingBox())!.width).toBeGreaterThan(before * 1.5);
  await page.getByRole("button", { name: "Whole time" }).click();
  await expect.poll(async () => (await bar.boundingBox())!.width).toBeCloseTo(before, 0);

  await row(page, "extract").click();
  await page.keyboard.press("+");
  await expect.poll(async () => (await bar.boundingBox())!.width).toBeGreaterThan(before * 1.9);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("zoom in on the selected task");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("0");
  await expect.poll(async () => (await bar.boundingBox())!.width).toBeCloseTo(before, 0);
});

/** Latencies measured in the page without polling, in ms: from the event, and from the change that reports it, to the screen. */
type Watched = { waits: { event: number; change: number }[] };

test("a foreach of 500 x 2 tasks is shown live", async ({ page, headway }) => {
  test.setTimeout(180_000);
  await page.addInitScript(() => {
    const watched: Watched = { waits: [] };
    Object.assign(window, { watched });
    let oldest: { at: number; arrived: number } | undefined; // the oldest change that arrived and is not on the screen yet
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
      constructor(...given: ConstructorParameters<typeof Plain>) {
        super(...given);
        this.addEventListener("message", ({ data }) => {
          const change = JSON.parse(data).payload?.data?.executionChanges;
          const ended = (change?.taskRuns ?? []).some((task: { endedAt: string | null }) => task.endedAt);
          const times = (change?.events ?? []).map((event: { at: string }) => Date.parse(event.at));
          if (ended && times.length) oldest ??= { at: Math.min(...times), arrived: Date.now() };
        });
      }
    };
    const seen = new MutationObserver((mutations) => {
      const counted = mutations.some(({ target }) => target.parentElement?.closest("[aria-pressed]"));
      if (oldest === undefined || !counted) return;
      watched.waits.push({ event: Date.now() - oldest.at, change: Date.now() - oldest.arrived });
      oldest = undefined;
    });
    document.addEventListener("DOMContentLoaded", () =>
      seen.observe(document.body, { subtree: true, characterData: true, childList: true }),
    );
  });
  const run = await headway.run("fan");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(row(page, "each")).toBeVisible();
  await expect(pane(page).getByPlaceholder("Filter 1\u2009001 tasks")).toBeVisible({ timeout: 60_000 });
  const watched = () => (window as unknown as { watched: Watched }).watched.waits;
  await page.waitForFunction(
    () => (window as unknown as { watched: Watched }).watched.waits.length >= 40,
    null,
    {
      polling: "raf",
      timeout: 120_000,
    },
  );
  const waits = await page.evaluate(watched);
  const figures = (part: keyof Watched["waits"][number]) => {
    const sorted = waits.map((wait) => wait[part]).sort((one, other) => one - other);
    return { median: sorted[sorted.length >> 1]!, late: sorted[Math.floor(sorted.length * 0.95)]! };
  };
  const event = figures("event");
  const change = figures("change");
  console.log(
    `to the screen, of ${waits.length} changes: from the event ${event.median} ms (95 %: ${event.late}), ` +
      `from the change's arrival ${change.median} ms (95 %: ${change.late})`,
  );
  expect(change.median).toBeLessThan(300);
  expect(event.median).toBeLessThan(3000); // the server shares its cores with the browser, the tasks and other tests
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const heap = metrics.find(({ name }) => name === "JSHeapUsedSize")!.value / 1e6;
  console.log(`heap with 1 001 task runs: ${heap.toFixed(1)} MB`);
  expect(heap).toBeLessThan(100);
  await headway.cancel(run.id);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the tasks, and nothing overflows sideways, ${colorScheme}`, async ({
    page,
    headway,
  }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const failed = await failedOrders(headway);
    const running = await headway.run("sweep");
    const check = async () =>
      expect((await new AxeBuilder({ page }).include('[aria-label="Tasks"]').analyze()).violations).toEqual(
        [],
      );
    for (const [id, key] of [
      [failed.id, "load"],
      [running.id, "snapshot"],
    ] as const) {
      // biome-ignore format: pairs
      for (const width of [1440, 1024, 375]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${headway.server.url}/executions/${id}`);
        await expect(row(page, key)).toBeVisible();
        expect((await pane(page).getByText("Done", { exact: true }).boundingBox())!.width).toBeGreaterThan(20);
        await check();
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${headway.server.url}/executions/${id}?view=graph`);
      await expect(pane(page).locator(`[data-node="${key}"]`)).toBeVisible();
      if (id === running.id) {
        await pane(page)
          .getByRole("button", { name: /^Show the tasks of slow/ })
          .click();
        await expect(pane(page).getByRole("link", { name: "first" })).toBeVisible();
      }
      await check();
    }
    await headway.cancel(running.id);
  });
}
