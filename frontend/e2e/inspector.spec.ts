import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, type Headway, test } from "./test";

const TABS = [
  "Overview",
  "Outputs",
  "Metrics",
  "Artifacts",
  "Lineage",
  "Dependencies",
  "Events",
  "Source",
] as const;

const STATE = "query ($id: ID!) { execution(id: $id) { state seq approvals { id } } }";

/** Returns once the execution has ended or waits for a person. */
async function settled(headway: Headway, id: string): Promise<void> {
  const states = ["SUCCESS", "FAILED", "WAITING_FOR_APPROVAL"];
  await expect
    .poll(
      async () =>
        (await headway.server.graphql<{ execution: { state: string } }>(STATE, { id })).execution.state,
    )
    .toMatch(new RegExp(states.join("|")));
}

async function delivered(headway: Headway, inputs = {}) {
  const run = await headway.run("delivery", inputs);
  await settled(headway, run.id);
  return { ...run, at: (search: string) => `${headway.server.url}/executions/${run.id}?${search}` };
}

const inspector = (page: Page) => page.getByRole("region", { name: "Inspector" });
const panel = (page: Page) => inspector(page).getByRole("tabpanel");

test("read outputs, preview a file, evaluate an expression", async ({ page, headway }) => {
  const run = await delivered(headway);
  await page.goto(run.at("task="));
  await inspector(page).getByRole("tab", { name: "Outputs" }).click();
  const outputs = page.getByRole("group", { name: "Outputs of extract" });
  await expect(outputs).toContainText("rows2");
  await outputs.getByRole("button", { name: "Copy {{ outputs.extract.regions[0] }}" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("{{ outputs.extract.regions[0] }}");

  await page.getByRole("button", { name: "Preview orders.csv" }).click();
  await expect(page.getByRole("group", { name: "orders.csv" }).getByRole("row")).toHaveText([
    "idregion",
    "1eu",
    "2us",
  ]);
  await page.getByRole("button", { name: "Preview report.md" }).click();
  await expect(panel(page).getByRole("heading", { name: "Orders" })).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download orders.csv" }).click();
  expect((await download).suggestedFilename()).toBe("orders.csv");

  await page.getByRole("textbox", { name: "Expression" }).fill("{{ outputs.extract.regions | length }}");
  await page.getByRole("button", { name: "Evaluate" }).click();
  await expect(panel(page).getByRole("status")).toHaveText("int2");
  await page.getByRole("textbox", { name: "Expression" }).fill("{{ nowhere }}");
  await page.getByRole("textbox", { name: "Expression" }).press("Enter");
  await expect(panel(page).getByRole("status")).toContainText("nowhere");
});

test("a failed task shows its attempts, what changed, its log lines and its events", async ({
  page,
  headway,
}) => {
  await delivered(headway);
  const run = await delivered(headway, { day: "sunday" });
  await page.goto(run.at(""));
  await expect(inspector(page).getByRole("heading", { name: "load" })).toBeVisible();
  await expect(inspector(page).getByRole("tab", { name: "Logs" })).toHaveAttribute("aria-selected", "true");
  await inspector(page).getByRole("button", { name: "Attempt 1, Failed" }).click();
  await expect(page).toHaveURL(/attempt=1/);

  await inspector(page).getByRole("tab", { name: "Overview" }).click();
  await expect(panel(page).getByRole("region", { name: "Error" })).toContainText("closed on sunday");
  await expect(panel(page).getByRole("region", { name: "Inputs" })).toContainText("was monday");
  await expect(panel(page).getByRole("region", { name: "Attempts" })).toContainText("The same error.");

  await inspector(page).getByRole("tab", { name: "Source" }).click();
  await expect(page.locator(".cm-marked").first()).toContainText("id: load");
  await expect(page.locator(".cm-marked").first()).toBeInViewport();

  await inspector(page).getByRole("tab", { name: "Events" }).click();
  const failed = panel(page).getByRole("listitem").filter({ hasText: "load failed in attempt 2" });
  await expect(failed).toContainText("closed on sunday");
  await failed.getByRole("button").first().click();
  await expect(page).toHaveURL(/[?&]at=\d+/);

  await page.getByRole("button", { name: "Back to the whole execution" }).click();
  await expect(inspector(page).getByRole("heading", { name: "Whole execution" })).toBeVisible();
  await page.reload();
  await expect(inspector(page).getByRole("heading", { name: "Whole execution" })).toBeVisible();
});

test("lineage is a graph, and a table; a tab that could not be loaded is loaded again", async ({
  page,
  headway,
}) => {
  const run = await delivered(headway);
  await page.route("**/assets/EventsTab-*.js", (route) => route.abort());
  await page.goto(run.at("task=&tab=lineage"));
  const graph = page.getByRole("group", { name: "Lineage" });
  await expect(graph.getByRole("link", { name: "orders.csv" })).toBeVisible();
  await page.getByRole("radiogroup", { name: "Shown as" }).getByText("Table").click();
  await expect(panel(page).getByRole("row", { name: /orders.csv.*made by/ })).toContainText(run.name);

  await inspector(page).getByRole("tab", { name: "Events" }).click();
  await expect(panel(page).getByRole("alert")).toContainText("This part of the page could not be loaded.");
  await page.unroute("**/assets/EventsTab-*.js");
  await panel(page).getByRole("button", { name: "Try again" }).click();
  await expect(panel(page).getByRole("listitem").first()).toBeVisible();
});

test("a note and a label that somebody else adds appear at once", async ({ page, headway, context }) => {
  const run = await delivered(headway);
  await page.goto(run.at("task=&tab=overview"));
  const other = await context.newPage();
  await other.goto(run.at("task=&tab=overview"));
  await expect(panel(other).getByRole("region", { name: "Notes" })).toContainText("No notes.");
  await panel(page).getByRole("button", { name: "Add note" }).click();
  await page.getByRole("dialog").getByLabel("Note").fill("The **day** was wrong.");
  await page.getByRole("dialog").getByRole("button", { name: "Add note" }).click();
  await expect(panel(other).getByRole("region", { name: "Notes" })).toContainText("The day was wrong.");
  await headway.server.graphql(
    `mutation ($id: ID!) { setLabels(input: { id: $id, labels: [{ key: "seen", value: "yes" }], mode: MERGE }) { problems { message } } }`,
    { id: run.id },
  );
  await expect(panel(other).getByRole("region", { name: "Labels" })).toContainText("seen=yes");
});

test("an execution links to its subflow's execution, and shows who approved it", async ({
  page,
  headway,
}) => {
  const run = await headway.run("outer");
  await settled(headway, run.id);
  const address = `${headway.server.url}/executions/${run.id}`;
  await page.goto(`${address}?task=&tab=dependencies`);
  await expect(panel(page)).toContainText("started as a subflow by call");
  await page.goto(`${address}?task=sign`);
  await expect(inspector(page).getByRole("tab", { name: /^Approvals/ })).toHaveAttribute(
    "aria-selected",
    "true",
  );
  await expect(panel(page)).toContainText("Publish it?");
  await headway.decide(run.id, "approve", "it is good");
  await expect(panel(page).getByRole("list", { name: "Votes" })).toContainText("it is good");
});

test("a history of two thousand events opens at its end, and scrolls back to its beginning", async ({
  page,
  headway,
}) => {
  test.slow();
  const run = await delivered(headway);
  const once = (at: number) =>
    `l${at}: setLabels(input: { id: $id, labels: [{ key: "turn", value: "${at}" }], mode: MERGE }) { problems { message } }`;
  for (let turn = 0; turn < 2000; turn += 25) {
    const many = Array.from({ length: 25 }, (_, at) => once(turn + at)).join(" ");
    await headway.server.graphql(`mutation ($id: ID!) { ${many} }`, { id: run.id });
  }
  let requests = 0;
  page.on("request", (request) => {
    if (request.postData()?.includes("query ExecutionEvents")) requests += 1;
  });
  await page.goto(run.at("task=&tab=events"));
  const list = panel(page).getByRole("group", { name: "Events" });
  const started = Date.now();
  await expect(list.getByRole("listitem").last()).toContainText("got new labels");
  console.log(`history of 2 000 events shown after ${Date.now() - started} ms, ${requests} request(s)`);
  expect(await list.getByRole("listitem").count()).toBeLessThan(100);
  await expect
    .poll(async () => {
      await list.evaluate((box) => box.scrollTo(0, 0));
      return list.getByRole("listitem").first().textContent();
    })
    .toContain("The execution was created");
  expect(requests).toBeLessThanOrEqual(3);
  await list.getByRole("listitem").first().getByRole("button", { name: "Data of event 1" }).click();
  await expect(list.getByRole("group", { name: "Data of the event" })).toContainText("delivery");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing on any tab, ${colorScheme}`, async ({ page, headway }) => {
    test.setTimeout(300_000); // each look at a screen takes seconds
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const run = await delivered(headway, { day: "sunday" });
    const check = async (what: string) =>
      expect(
        (await new AxeBuilder({ page }).include("[aria-label=Inspector]").analyze()).violations,
        what,
      ).toEqual([]);
    for (const search of ["task=load", "task="]) {
      await page.goto(run.at(`${search}&tab=overview`));
      for (const tab of TABS) {
        await inspector(page).getByRole("tab", { name: tab }).click();
        await expect(panel(page).getByRole("status", { name: /^Loading/ })).toHaveCount(0);
        await expect(inspector(page).getByRole("tab", { name: tab })).toHaveAttribute(
          "aria-selected",
          "true",
        );
        await check(`${search} ${tab}`);
      }
    }
  });
}

for (const width of [1024, 375]) {
  test(`nothing is wider than a screen of ${width} px`, async ({ page, headway }) => {
    await page.setViewportSize({ width, height: 800 });
    const run = await delivered(headway, { day: "sunday" });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(run.at("task=load&tab=source"));
    await expect(inspector(page).getByRole("tab", { name: "Source" })).toBeInViewport();
    await page.setViewportSize({ width, height: 800 });
    await expect(inspector(page).getByRole("tab", { name: "Source" })).toBeInViewport();
    const here = inspector(page).getByRole("heading", { name: "load" });
    expect(await here.evaluate((name) => name.scrollWidth <= name.clientWidth)).toBe(true);
    for (const name of TABS) {
      const tab = inspector(page).getByRole("tab", { name });
      await tab.click();
      await expect(tab).toBeInViewport();
      await expect(panel(page).getByRole("status", { name: /^Loading/ })).toHaveCount(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), name).toBe(0);
    }
  });
}
