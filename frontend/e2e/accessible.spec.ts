import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing, ${colorScheme}`, async ({ page, headway }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const marker = join(mkdtempSync(join(tmpdir(), "headway-e2e-")), "marker");
    const failed = await headway.run("failing", { marker });
    const asking = await headway.run("asking");
    const check = async () => expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

    await page.goto(headway.server.url);
    await expect(page.locator(`[data-execution="${failed.id}"]`)).toContainText("Failed, finishing");
    await check();
    await page.getByRole("button", { name: /^State/ }).click();
    await expect(page.getByRole("checkbox").first()).toBeVisible();
    await check();

    await page.goto(`${headway.server.url}/executions/${failed.id}`);
    await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("extract");
    await page.locator('[data-task="extract"]').getByRole("button").first().click();
    await expect(page.getByRole("region", { name: "Attempts" })).toBeVisible();
    await check();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await expect(page.getByRole("dialog").getByLabel("Reason")).toBeFocused();
    await check();
    await page.getByRole("button", { name: "Cancel execution" }).click();

    await page.goto(`${headway.server.url}/executions/${asking.id}`);
    await expect(page.getByRole("region", { name: /^Approval needed/ })).toBeVisible();
    await check();
  });
}
