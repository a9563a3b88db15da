import type { Page, Route } from "@playwright/test";
import { expect, test } from "./test";

const link = (page: Page) => page.getByRole("banner").getByRole("status");

const REFUSALS = {
  429: {
    status: 429,
    headers: { "retry-after": "3", "content-type": "application/json" },
    body: JSON.stringify({
      errors: [
        {
          message: "user:admin has used all 30 operations allowed in 10 s; try again in 3 s",
          extensions: { code: "TOO_MANY_REQUESTS", limit: "operations", retryAfter: 3 },
        },
      ],
    }),
  },
  503: {
    status: 503,
    headers: { "retry-after": "2", "content-type": "application/json" },
    body: JSON.stringify({
      errors: [{ message: "the database is away", extensions: { code: "UNAVAILABLE" } }],
    }),
  },
};
const SAYS = { 429: "Requests refused", 503: "Not answering" };

/** Refuses HTTP requests until it is opened again; returns how many were refused. */
async function refusing(page: Page, status: 429 | 503) {
  let open = false;
  let count = 0;
  await page.route("**/graphql", (route: Route) => {
    if (open || route.request().method() !== "POST") return route.continue();
    count += 1;
    return route.fulfill(REFUSALS[status]);
  });
  const admit = () => {
    open = true;
  };
  return { open: admit, count: () => count };
}

test("an execution whose load is refused says when the page retries, and opens then", async ({
  page,
  headway,
}) => {
  const run = await headway.run("quick");
  await headway.ended(run.id);
  const server = await refusing(page, 429);
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const alert = page.getByRole("alert").filter({ hasText: "The execution could not be loaded" });
  await expect(alert).toContainText(
    "The server refuses requests for now: user:admin has used all 30 operations",
  );
  await expect(alert).toContainText("This page tries again in 3 s.");
  await expect(link(page)).toContainText("Requests refused");
  await expect.poll(server.count, "the page retries by itself").toBeGreaterThan(2);
  server.open();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(run.name);
  await expect(link(page)).toContainText("Live");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("the button retries at once, also requests that no longer retry by themselves", async ({
  page,
  headway,
}) => {
  const run = await headway.run("quick");
  await headway.ended(run.id);
  let refused = true;
  await page.route("**/graphql", (route) => {
    if (!refused || route.request().method() !== "POST") return route.continue();
    const body = REFUSALS[429].body
      .replaceAll("3 s", "3600 s")
      .replace('"retryAfter":3', '"retryAfter":3600');
    return route.fulfill({
      ...REFUSALS[429],
      headers: { ...REFUSALS[429].headers, "retry-after": "3600" },
      body,
    });
  });
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  const button = page.getByRole("alert").getByRole("button", { name: "Try again" });
  await expect(button.first()).toBeVisible();
  refused = false;
  await button.first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(run.name);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

for (const status of [429, 503] as const) {
  for (const width of [1440, 375]) {
    test(`the list that gets ${status} at ${width} px says what it could not load`, async ({
      page,
      headway,
    }) => {
      await headway.run("quick");
      await page.setViewportSize({ width, height: 800 });
      const server = await refusing(page, status);
      await page.goto(`${headway.server.url}/executions`);
      const over = page.getByRole("region", { name: "Executions over time" });
      await expect(over.getByRole("alert")).toContainText("The histogram could not be loaded.");
      await expect(over.getByRole("button", { name: "Try again" })).toBeVisible();
      await expect(link(page).filter({ visible: true })).toContainText(SAYS[status]);
      await expect(
        page.getByRole("alert").filter({ hasText: "Other parts of this page could not be loaded either." }),
        "the saved filters have no place of their own for an error",
      ).toBeVisible();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, "nothing is wider than the screen").toBeLessThanOrEqual(width);
      server.open();
      await expect(over).toContainText("last 24 h");
      await expect(link(page).filter({ visible: true })).toContainText("Live");
      await expect(page.getByRole("alert")).toHaveCount(0);
    });
  }
}

test("a refused action says that it was not done, and can be repeated", async ({ page, headway }) => {
  const run = await headway.run("asking");
  await page.goto(`${headway.server.url}/executions/${run.id}`);
  await expect(page.getByTestId("state")).toContainText("Needs approval");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const server = await refusing(page, 429);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(dialog.getByRole("alert")).toContainText("This was not done; try again in 3 s.");
  server.open();
  await dialog.getByRole("button", { name: "Cancel execution" }).click();
  await expect(page.getByTestId("state")).toContainText(/Cancelled|Killed/);
});
