import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { record, recordMany, tick } from "./rows";
import { expect, test } from "./test";

const names = (page: Page) => page.locator("[data-execution] a").allTextContents();
const address = (page: Page) => new URL(page.url()).searchParams;

test("a metric becomes a column, sorts the list, and both are in the URL", async ({ page, headway }) => {
  const space = "e2e.metric";
  const losses = { first: 0.5, second: 0.1, third: 0.9 };
  const made: Record<string, string> = {};
  for (const [pipeline, metric] of Object.entries(losses))
    made[pipeline] = (await record(headway, space, { pipeline, metric })).name;
  made.none = (await record(headway, space, { pipeline: "none" })).name;
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  await expect(page.locator("[data-execution]")).toHaveCount(4);

  await page.getByRole("button", { name: "Columns" }).click();
  const menu = page.getByRole("dialog", { name: "Columns" });
  await menu.getByRole("combobox").fill("metric.lo");
  await page.getByRole("option", { name: "metric.loss" }).click();
  await expect.poll(() => address(page).get("cols")).toMatch(/,metric\.loss$/);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "loss", exact: true }).click();
  await expect.poll(() => names(page)).toEqual([made.third, made.first, made.second, made.none]);
  await expect(page.getByRole("columnheader", { name: "loss" })).toHaveAttribute("aria-sort", "descending");
  await page.getByRole("button", { name: "loss", exact: true }).click();
  await expect.poll(() => names(page)).toEqual([made.second, made.first, made.third, made.none]);
  await expect(page.locator("[data-execution]").first()).toContainText("0.1");

  await page.getByRole("button", { name: "Save this filter" }).click();
  await page.getByRole("textbox", { name: "Name of the view" }).fill("Least loss");
  await page.keyboard.press("Enter");
  const views = page.getByRole("navigation", { name: "Views" });
  const kept = views.getByRole("button", { name: /^Least loss/ });
  await expect(kept).toHaveAttribute("aria-pressed", "true");
  await views.getByRole("button", { name: "All", exact: true }).click();
  await expect(page.locator("[data-execution]").first()).toContainText(made.none);
  await kept.click();
  await expect.poll(() => names(page)).toEqual([made.second, made.first, made.third, made.none]);
  await expect(page.getByRole("columnheader", { name: "loss" })).toHaveAttribute("aria-sort", "ascending");

  const shared = page.url();
  await page.goto(`${headway.server.url}/approvals`);
  await page.goto(shared);
  await expect.poll(() => names(page)).toEqual([made.second, made.first, made.third, made.none]);

  const better = await record(headway, space, { pipeline: "better", metric: 0.01 });
  await page.mouse.move(2, 2);
  await expect.poll(() => names(page)).toEqual([better.name, made.second, made.first, made.third, made.none]);
});

test("the search completes existing values; box, chips and menus edit one filter", async ({
  page,
  headway,
}) => {
  const space = "e2e.words";
  await recordMany(headway, space, [
    { pipeline: "orders-etl", failed: "ConnectionRefusedError: db-2:5432", label: ["team", "data"] },
    { pipeline: "orders-backfill", label: ["team", "ops"] },
    { pipeline: "crm", failed: "no space left", label: ["team", "data"] },
  ]);
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  await expect(page.locator("[data-execution]")).toHaveCount(3);
  await expect(page.locator("[data-execution]", { hasText: "orders-etl" })).toContainText(
    "ConnectionRefusedError: db-2:5432",
  );

  await page.keyboard.press("/");
  const box = page.getByRole("combobox", { name: "Search executions" });
  await expect(box).toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.type(" fl");
  await expect(page.getByRole("option", { name: /^flow:/ })).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.type("ord");
  await expect(page.getByRole("option", { name: "orders-etl 1" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("option", { name: /every flow that starts with this/ })).toHaveAttribute(
    "aria-selected",
    "true",
  );
  await page.keyboard.press("Enter");
  await expect.poll(() => address(page).get("q")).toBe(`namespace:${space} flow:ord*`);
  await expect(page.locator("[data-execution]")).toHaveCount(2);

  await page.getByRole("button", { name: "Label", exact: true }).click();
  await tick(page.getByRole("checkbox", { name: /data/ }));
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await tick(page.getByRole("checkbox", { name: /ops/ }));
  await expect.poll(() => address(page).get("q")).toContain("(label:team=data OR label:team=ops)");
  await expect(page.locator("[data-execution]")).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(box).toHaveValue(/label:team=data OR label:team=ops/);
  await page.getByRole("button", { name: "Remove filter team: data or ops" }).click();
  await page.getByRole("button", { name: /^Remove filter Flow/ }).click();

  await page.getByRole("button", { name: "Error", exact: true }).click();
  await tick(page.getByRole("checkbox", { name: /no space left/ }));
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await expect(page.getByLabel("Active filters")).toContainText("no space left");

  await box.fill("stat:failed");
  await box.press("Enter");
  await expect(page.getByRole("alert")).toContainText("did you mean `state`?");
});

test("a time range of the histogram is selected by keyboard and by pointer", async ({ page, headway }) => {
  const space = "e2e.times";
  const hour = 3_600_000;
  const at = (ago: number) => new Date(Date.now() - ago * hour).toISOString();
  await recordMany(headway, space, [
    { pipeline: "old", startedAt: at(20) },
    { pipeline: "new", startedAt: at(1), failed: "exit code 3" },
  ]);
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  const section = page.getByRole("region", { name: "Executions over time" });
  await expect(section).toContainText("1 failed");
  await expect(section).toContainText("of 2 in the last 24 h");
  const slider = page.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("End");
  for (let step = 0; step < 12; step++) await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await expect.poll(() => address(page).get("q")).toContain("date>=");
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await expect(section).toContainText("of 1 between");
  await section.getByRole("button", { name: "Reset" }).click();
  await expect(page.locator("[data-execution]")).toHaveCount(2);

  const { x, y, width } = (await slider.boundingBox())!;
  await page.mouse.move(x + 4, y + 30);
  await page.mouse.down();
  await page.mouse.move(x + width / 2, y + 30);
  await page.mouse.up();
  await expect(page.locator("[data-execution]")).toHaveCount(1);
  await expect(page.locator("[data-execution]")).toContainText("old");
  await section.getByRole("button", { name: /^Range/ }).click();
  await page.getByRole("menuitem", { name: "Last hour" }).click();
  await expect.poll(() => address(page).get("range")).toBe("1h");
});

test("300 rows are loaded, one is opened, and Back shows the same rows at the same place", async ({
  page,
  headway,
}) => {
  test.setTimeout(120_000);
  const space = "e2e.back";
  await recordMany(
    headway,
    space,
    Array.from({ length: 320 }, (_, at) => ({ pipeline: `row-${at % 7}` })),
  );
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  const table = page.getByRole("table", { name: "Executions" });
  await expect(table).toHaveAttribute("aria-rowcount", "101");
  await page.getByRole("button", { name: "Load more" }).click();
  const count = async () => Number(await table.getAttribute("aria-rowcount"));
  await expect.poll(count).toBeGreaterThan(150);
  const scrolled = async () => {
    await page.mouse.wheel(0, 20_000);
    return count();
  };
  await expect.poll(scrolled).toBeGreaterThan(300);
  await page.evaluate(() => window.scrollTo(0, 8_000));
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(8_000);
  await expect(page.locator("[data-execution]").first()).toBeVisible();
  const shown = await names(page);
  const row = page.locator("[data-execution]").nth(12).getByRole("link");
  await row.scrollIntoViewIfNeeded();
  const place = await page.evaluate(() => window.scrollY);
  await row.click();
  await expect(page).toHaveURL(/\/executions\/exec_/);
  await page.goBack();
  await expect(table).toHaveAttribute("aria-rowcount", /^3\d\d$/);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(place);
  expect(await names(page)).toEqual(shown);
});

test("the list can be shown as a timeline: one switch, the same filter, keyboard navigation", async ({
  page,
  headway,
}) => {
  const space = "e2e.timeline";
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const [old, , broken] = await recordMany(headway, space, [
    { pipeline: "etl", startedAt: ago(50) },
    { pipeline: "etl", startedAt: ago(20) },
    { pipeline: "sync", startedAt: ago(40), failed: "no space left" },
  ]);
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  await expect(page.locator("[data-execution]")).toHaveCount(3);
  await page.getByRole("radiogroup", { name: "Shown as" }).getByText("Timeline").click();
  await expect.poll(() => address(page).get("view")).toBe("time");
  const timeline = page.getByRole("group", { name: "Timeline" });
  await expect(timeline).toContainText("3 executions");
  await expect(timeline.getByRole("listitem")).toHaveCount(3);
  const bar = (name: string) => timeline.getByRole("link", { name: new RegExp(`^${name},`) });
  const [left, right] = [await bar(old!.name).boundingBox(), await bar(broken!.name).boundingBox()];
  expect(left!.x).toBeLessThan(right!.x);
  await bar(broken!.name).hover();
  await expect(timeline).toContainText("no space left");

  await page.reload();
  await bar(broken!.name).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(bar(old!.name)).toBeFocused();
  const added = await record(headway, space, { pipeline: "sync" });
  await page.keyboard.press("Escape");
  await page.mouse.move(2, 2);
  await expect(bar(added.name)).toBeVisible();
  await bar(old!.name).click();
  await expect(page).toHaveURL(new RegExp(old!.id));
});

test("three executions are selected and compared", async ({ page, headway }) => {
  const space = "e2e.compare";
  const [one, two, three] = await recordMany(headway, space, [
    { pipeline: "a" },
    { pipeline: "b" },
    { pipeline: "c" },
  ]);
  await page.goto(`${headway.server.url}/executions?namespace=${space}&sort=flow`);
  await page.getByRole("checkbox", { name: `Select ${one!.name}` }).check();
  await expect(page.getByRole("button", { name: "Compare", exact: true })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await page.getByRole("checkbox", { name: `Select ${three!.name}` }).click({ modifiers: ["Shift"] });
  await expect(page.getByRole("toolbar", { name: "3 selected" })).toBeVisible();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page).toHaveURL(`${headway.server.url}/compare?ids=${one!.id},${two!.id},${three!.id}`);
});

test("a filter is saved as a view with its count, renamed, and deleted", async ({ page, headway }) => {
  const space = "e2e.kept";
  await record(headway, space, { pipeline: "a" });
  await page.goto(`${headway.server.url}/executions?namespace=${space}`);
  await page.getByRole("button", { name: "Save this filter" }).click();
  await page.getByRole("textbox", { name: "Name of the view" }).fill("My space");
  await page.getByRole("checkbox", { name: /^Shared/ }).check();
  await page.getByRole("button", { name: "Keep it" }).click();
  const view = page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: "My space 1" });
  await expect(view).toHaveAttribute("aria-pressed", "true");
  await record(headway, space, { pipeline: "b" });
  await expect(page.getByRole("button", { name: "My space 2" })).toBeVisible();
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByRole("button", { name: "My space 2" }).click();
  await expect(page.locator("[data-execution]")).toHaveCount(2);
  await page.getByRole("button", { name: "Change the filter My space" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("button", { name: "My space 2" })).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing, menus open, ${colorScheme}`, async ({ page, headway }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const space = `e2e.axe-${colorScheme}`;
    await recordMany(headway, space, [
      { pipeline: "a", failed: "exit code 3", metric: 1, label: ["team", "data"] },
      { pipeline: "b", label: ["team", "ops"] },
    ]);
    const check = async (what: string) =>
      expect((await new AxeBuilder({ page }).analyze()).violations, what).toEqual([]);
    for (const width of [1440, 1024, 375]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${headway.server.url}/executions?namespace=${space}`);
      await expect(page.locator("[data-execution]")).toHaveCount(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await check(`list at ${width}`);
      await page.goto(`${headway.server.url}/executions?namespace=${space}&view=time`);
      await expect(page.locator("[data-execution]")).toHaveCount(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await check(`timeline at ${width}`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${headway.server.url}/executions?namespace=${space}`);
    await page.getByRole("button", { name: "Label", exact: true }).click();
    await expect(page.getByRole("checkbox", { name: /data/ })).toBeVisible();
    await check("facet menu");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Columns" }).click();
    await check("columns");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type(" fl");
    await expect(page.getByRole("option", { name: /^flow/ })).toBeVisible();
    await check("completion");
    await page.getByRole("button", { name: "All keys and words" }).click();
    await expect(page.getByRole("dialog", { name: "All keys and words" })).toBeVisible();
    await check("keys and words");
    await page.keyboard.press("Escape");
    await page.goto(`${headway.server.url}/executions?namespace=${space}`);
    await page.getByRole("checkbox", { name: /^Select a-/ }).check();
    await page.keyboard.press("j");
    await page.keyboard.press("Space");
    await expect(page.getByRole("complementary", { name: /^Preview of/ })).toContainText("Flow");
    await check("preview and selection");
    await page.keyboard.press("Escape");
    await page.getByRole("toolbar").getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByRole("dialog")).toContainText("0 of 1 execution");
    await check("bulk");
  });
}
