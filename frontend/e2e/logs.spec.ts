import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, type Headway, test } from "./test";

const lines = (page: Page) => page.getByLabel("Log lines");
const line = (page: Page, number: number) => lines(page).locator(`[data-line="${number}"]`);
const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** Runs a flow once for all tests of this file, to its end. */
const ended = new Map<string, string>();
async function run(headway: Headway, flow: "lengthy" | "thrice"): Promise<string> {
  const known = ended.get(flow);
  if (known) return known;
  const { id } = await headway.run(flow);
  const state = async () =>
    (
      await headway.server.graphql<{ execution: { state: string } }>(
        "query ($id: ID!) { execution(id: $id) { state } }",
        { id },
      )
    ).execution.state;
  await expect.poll(state, { timeout: 90_000 }).toMatch(/SUCCESS|FAILED$/);
  ended.set(flow, id);
  return id;
}

/** Collects the requests that read the log from now on. */
function countReads(page: Page): () => number {
  let count = 0;
  page.on("request", (request) => {
    if (/(query|subscription) Log/.test(request.postData() ?? "")) count += 1;
  });
  return () => count;
}

test.describe("200 000 lines", () => {
  test.setTimeout(150_000);

  test("an address with a line opens there with few requests, and so does any other line", async ({
    page,
    headway,
  }) => {
    const address = `${headway.server.url}/executions/${await run(headway, "lengthy")}?tab=logs`;
    const reads = countReads(page);
    await page.goto(`${address}#L100000`);
    await expect(line(page, 100_000)).toBeInViewport();
    await expect(line(page, 100_000)).toHaveAttribute("data-marked");
    await expect(line(page, 100_000)).toContainText("row 100000");
    const box = (await lines(page).boundingBox())!;
    const row = (await line(page, 100_000).boundingBox())!;
    expect(Math.abs(row.y - (box.y + box.height / 2))).toBeLessThan(40);
    await expect(page.getByText("200\u2009000 lines")).toBeVisible();
    expect(reads()).toBeLessThanOrEqual(5);

    const before = reads();
    await lines(page).evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight * 0.25));
    await expect(lines(page)).toContainText(/row 50\d\d\d/);
    await page.keyboard.press("g");
    await page.getByRole("textbox", { name: "Go to line" }).fill("150 000");
    await page.keyboard.press("Enter");
    await expect(line(page, 150_000)).toBeInViewport();
    await expect(page).toHaveURL(/#L150000$/);
    await page.getByRole("button", { name: "End ↓" }).click();
    await expect(line(page, 200_000)).toBeInViewport();
    await page.locator("[data-ruler]").click({ position: { x: 5, y: 2 } });
    const first = lines(page).locator("[data-line]").first();
    await expect.poll(async () => Number(await first.getAttribute("data-line"))).toBeLessThan(2000);
    expect(reads() - before).toBeLessThanOrEqual(7);
  });

  test("the server searches the log, and the page steps through the matches", async ({ page, headway }) => {
    await page.goto(`${headway.server.url}/executions/${await run(headway, "lengthy")}?tab=logs`);
    await expect(line(page, 200_000)).toBeInViewport();
    await page.keyboard.press("/");
    await page.keyboard.type("row 7777");
    const found = page.getByRole("status", { name: "Found" });
    await expect(found).toHaveText("11 of 11");
    await expect(line(page, 77_779)).toBeInViewport();
    await expect(line(page, 77_779).locator("mark")).toHaveText("row 7777");
    await expect(page).toHaveURL(/find=row(\+|%20)7777/);

    await page.keyboard.press("Enter");
    await expect(found).toHaveText("1 of 11");
    await expect(line(page, 7_777)).toBeInViewport();
    await page.keyboard.press("Shift+Enter");
    await expect(found).toHaveText("11 of 11");
    await lines(page).focus();
    await page.keyboard.press("N");
    await expect(found).toHaveText("10 of 11");
    await page.keyboard.press("n");
    await expect(found).toHaveText("11 of 11");

    await page.getByLabel("Search the log").fill("nowhere to be found");
    await expect(found).toHaveText("No line matches");
    await page.getByLabel("Search the log").press("Escape");
    await expect(found).toBeHidden();
    await expect(page).not.toHaveURL(/find/);
  });

  test("the log is filtered by stream, and a very long line opens in full", async ({ page, headway }) => {
    await page.goto(`${headway.server.url}/executions/${await run(headway, "lengthy")}?tab=logs`);
    await expect(line(page, 200_000)).toBeInViewport();
    await page.getByRole("button", { name: "All levels" }).click();
    await page.getByRole("menuitemradio", { name: "stderr" }).click();
    await expect(lines(page).locator("[data-line]")).toHaveCount(1);
    await expect(lines(page)).toContainText("slow disk");
    await expect(page.getByText("1 of 200\u2009000 lines", { exact: true })).toBeVisible();
    await expect(page).toHaveURL(/stream=STDERR/);
    await page.keyboard.press("Escape");

    await page.goto(`${headway.server.url}/executions/${await run(headway, "lengthy")}?find=xxx`);
    const all = page.getByRole("button", { name: "show all 12\u2009000 characters" });
    await expect(all).toBeInViewport();
    await all.click();
    await expect(page.getByRole("dialog")).toContainText("12\u2009000 characters");
    await expect(page.getByRole("dialog").getByText(/^x{12000}$/)).toBeVisible();
  });

  test("copying says what was copied", async ({ page, headway }) => {
    const address = `${headway.server.url}/executions/${await run(headway, "lengthy")}?tab=logs`;
    await page.goto(`${address}#L100000-L100010`);
    await expect(line(page, 100_000)).toBeInViewport();
    await expect(lines(page).locator("[data-marked]")).toHaveCount(11);
    await page.getByRole("button", { name: "Copy the selected lines" }).click();
    await expect(page.getByText("Copied 11 lines")).toBeVisible();
    expect((await copied(page)).split("\n")).toEqual(
      Array.from({ length: 11 }, (_, at) => `row ${100_000 + at}`),
    );

    await page.goto(address);
    await expect(line(page, 200_000)).toBeInViewport();
    await page.getByRole("button", { name: "Copy what is shown" }).click();
    await expect(
      page.getByText("Copied the last 10\u2009000 lines; Download gives all of them"),
    ).toBeVisible();
    const text = (await copied(page)).split("\n");
    expect([text.length, text[0], text.at(-1)]).toEqual([10_000, "row 190001", "row 200000"]);
  });
});

test("a failed task's log opens at the cause; lines and ranges are links", async ({ page, headway }) => {
  await page.goto(`${headway.server.url}/executions/${await run(headway, "thrice")}?tab=logs`);
  const cause = lines(page).locator("[data-error]").last();
  await expect(cause).toBeInViewport();
  await expect(page.getByText("Error 3 of 3")).toBeVisible();
  await page.keyboard.press("e");
  await expect(page.getByText("Error 1 of 3")).toBeVisible();
  await expect(lines(page).locator("[data-error]").first()).toBeInViewport();
  await page.getByRole("button", { name: "Previous error" }).click();
  await expect(page.getByText("Error 3 of 3")).toBeVisible();

  const last = Number(await cause.getAttribute("data-line"));
  await page.getByRole("link", { name: `Line ${last - 3}`, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`#L${last - 3}$`));
  await page.getByRole("link", { name: `Line ${last}`, exact: true }).click({ modifiers: ["Shift"] });
  await expect(page).toHaveURL(new RegExp(`#L${last - 3}-L${last}$`));
  await expect(lines(page).locator("[data-marked]")).toHaveCount(4);
  await page.reload();
  await expect(lines(page).locator("[data-marked]")).toHaveCount(4);
  await expect(line(page, last)).toBeInViewport();
});

test("attempts are separated, and the whole log can be grouped by task", async ({ page, headway }) => {
  const address = `${headway.server.url}/executions/${await run(headway, "thrice")}`;
  await page.goto(`${address}?task=load&attempt=2`);
  await expect(lines(page)).toContainText("refused");
  await lines(page).evaluate((box) => box.scrollTo(0, 0));
  await expect(lines(page)).toContainText(/attempt 2, started \d\d:\d\d:\d\d/);
  await expect(lines(page)).not.toContainText(/attempt [13], started/);
  await expect(page.getByText("attempt 2 of 3")).toBeVisible();
  await expect(page.getByText("exit code 1", { exact: true })).toBeVisible();

  await page.goto(`${address}?task=&tab=logs`);
  await page.getByRole("button", { name: "All levels" }).click();
  await page.getByRole("menuitemradio", { name: "By task and attempt" }).click();
  await page.keyboard.press("Escape");
  await expect(lines(page)).toContainText(/attempt \d, started/);
  // The grouped log is loaded on demand; until then a scroll moves the previous log.
  await expect
    .poll(async () => {
      await lines(page).evaluate((box) => box.scrollTo(0, 0));
      return lines(page).textContent();
    })
    .toMatch(/extract, attempt 1, started/);
  await expect(lines(page)).toContainText("read 3");

  await page.goto(`${address}?task=extract#L150`);
  await expect(page.getByText("Line 150 is not among the lines shown", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "Show the whole log" }).click();
  await expect(line(page, 150)).toBeInViewport();
});

test("a download contains what the filter shows", async ({ page, headway }) => {
  const address = `${headway.server.url}/executions/${await run(headway, "thrice")}`;
  const saved = async (click: () => Promise<void>) => {
    const [download] = await Promise.all([page.waitForEvent("download"), click()]);
    return (await readFile(await download.path(), "utf8")).trimEnd().split("\n").slice(0, -1);
  };
  await page.goto(`${address}?task=load&attempt=3&level=WARN`);
  await expect(page.getByText(/^2 of \d+ lines$/)).toBeVisible();
  const shown = await lines(page).locator("[data-line]").count();
  const filtered = await saved(() => page.getByRole("link", { name: "Download the filtered lines" }).click());
  expect(filtered).toHaveLength(shown);
  for (const one of filtered) expect(one).toMatch(/load#3: .*refused/);

  await page.goto(`${address}?task=load&find=part+60`);
  await expect(page.getByRole("status", { name: "Found" })).toHaveText("3 lines match");
  await page.getByRole("button", { name: "Download" }).click();
  const found = await saved(() => page.getByRole("menuitem", { name: /Only lines with/ }).click());
  expect(found.map((one) => one.replace(/^.*load/, ""))).toEqual([
    ": part 60 of 60 is read",
    "#2: part 60 of 60 is read",
    "#3: part 60 of 60 is read",
  ]);
});

test("the choice to wrap lines is saved, and the scroll position stays", async ({ page, headway }) => {
  await page.goto(`${headway.server.url}/executions/${await run(headway, "thrice")}?tab=logs`);
  await expect(lines(page).locator("[data-error]").last()).toBeInViewport();
  const wrap = page.getByRole("button", { name: "Wrap lines" });
  await wrap.click();
  await expect(wrap).toHaveAttribute("aria-pressed", "false");
  const place = lines(page).locator("[data-error]").last();
  await expect(place).toBeInViewport();
  expect((await place.boundingBox())!.height).toBe(20);
  await page.reload();
  await expect(wrap).toHaveAttribute("aria-pressed", "false");
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 375]) {
    test(`axe finds nothing in the log, ${colorScheme}, ${width} pixels`, async ({ page, headway }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      const id = await run(headway, "thrice");
      await page.goto(`${headway.server.url}/executions/${id}?task=&find=refused#L150-L160`);
      await expect(line(page, 150)).toBeVisible();
      await expect(page.getByRole("status", { name: "Found" })).toContainText("6");
      const check = async () =>
        expect(
          (await new AxeBuilder({ page }).include("section[aria-label=Log]").analyze()).violations,
        ).toEqual([]);
      await check();
      await page.getByRole("button", { name: "All levels" }).click();
      await expect(page.getByRole("menuitemradio").first()).toBeVisible();
      expect((await new AxeBuilder({ page }).include("[role=menu]").analyze()).violations).toEqual([]);
    });
  }
}
