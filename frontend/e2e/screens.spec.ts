import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { settled } from "./axe";
import { recordTraining } from "./recorded";
import { expect, test } from "./test";

const FOLDER = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 375, height: 812 },
];

/** Text of each tab of the failed task, once it is loaded. */
const SHOWN: Record<string, string> = {
  overview: "Needed by",
  outputs: "Debug expression",
  events: "failed in attempt 3",
  source: "id: load",
  lineage: "",
};

// The screenshots of docs/screens, for a person to look at, not compared by the test. SCREENS=1 rewrites them.
test.skip(!process.env.SCREENS, "SCREENS=1 writes docs/screens");
test.setTimeout(300_000);

/** Takes screenshots of the current screen, at every size and in both themes. */
async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(() => document.fonts.ready);
      await settled(page);
      await page.screenshot({ path: `${FOLDER}${name}-${size.width}-${colorScheme}.png`, caret: "hide" });
    }
  }
  await page.setViewportSize(SIZES[0]!);
}

test("the screens", async ({ page, headway }) => {
  const { url } = headway.server;
  const ids = [
    await recordTraining(headway, { learningRate: 0.01, steps: 80, floor: 0.08 }),
    await recordTraining(headway, { learningRate: 0.003, steps: 80, floor: 0.095 }),
    await recordTraining(headway, { learningRate: 0.03, steps: 60, floor: 0.04 }),
  ];
  for (const day of ["2026-11-24", "2026-11-25", "2026-11-26"]) {
    const good = await headway.run("warehouse", { day, database: "db-1.eu-central-1.internal" });
    await headway.ended(good.id);
  }
  const failed = await headway.run("warehouse", {
    day: "2026-11-27",
    database: "db-2.eu-central-1.internal",
  });
  await headway.ended(failed.id);
  const running = await headway.run("slow");
  const asking = await headway.run("asking");

  await page.goto(`${url}/executions`);
  await expect(page.locator(`[data-execution="${failed.id}"]`)).toContainText("ConnectionRefusedError");
  await picture(page, "executions");
  await page.goto(`${url}/executions?view=time`);
  await expect(page.getByRole("link", { name: new RegExp(failed.name) }).first()).toBeVisible();
  await picture(page, "executions-timeline");

  await page.goto(`${url}/executions/${failed.id}`);
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("ConnectionRefusedError");
  await expect(page.getByRole("region", { name: "Log lines" })).toContainText("ConnectionRefusedError");
  await picture(page, "execution-failed");

  for (const tab of Object.keys(SHOWN)) {
    await page.goto(`${url}/executions/${failed.id}?task=load&tab=${tab}`);
    await expect(page.getByRole("tabpanel")).toContainText(SHOWN[tab]!);
    await picture(page, `execution-${tab}`);
  }
  await page.goto(`${url}/executions/${failed.id}?view=graph`);
  await expect(page.locator(".react-flow__node").first()).toBeVisible();
  await picture(page, "execution-graph");
  await page.goto(`${url}/executions/${failed.id}?at=12`);
  await expect(page.getByRole("region", { name: "An earlier moment" })).toBeVisible();
  await picture(page, "execution-past");

  await page.goto(`${url}/executions/${running.id}`);
  await expect(page.getByTestId("state")).toContainText("Running");
  await picture(page, "execution-running");
  await page.goto(`${url}/executions/${asking.id}`);
  await expect(page.getByText("Release it to everyone?").first()).toBeVisible();
  await picture(page, "execution-approval");
  await page.goto(`${url}/executions/${ids[0]}?tab=metrics`);
  await expect(page.getByRole("tabpanel").locator("canvas")).toBeVisible();
  await picture(page, "execution-metrics");

  await page.goto(`${url}/compare?ids=${ids.join(",")}`);
  await expect(page.locator("canvas").first()).toBeVisible();
  await picture(page, "compare");
  await page.goto(`${url}/approvals`);
  await expect(page.getByText("Release it to everyone?").first()).toBeVisible();
  await picture(page, "approvals");

  await headway.cancel(running.id);
  await headway.cancel(asking.id);
});
