import { expect, test } from "./test";

const MANY = 200;

test("200 are restarted: what would happen, how far it is, and what was refused", async ({
  page,
  headway,
}) => {
  test.setTimeout(180_000);
  await headway.server.ask(
    `mutation ($source: String!) { saveFlow(input: { source: $source }) { problems { message } } }`,
    { source: FLAKY },
  );
  const ids: string[] = [];
  for (let at = 0; at < MANY; at += 10)
    ids.push(...(await Promise.all(Array.from({ length: 10 }, () => start()))));
  async function start(): Promise<string> {
    const { createExecution } = await headway.server.ask<{ createExecution: { execution: { id: string } } }>(
      `mutation ($input: CreateExecutionInput!) { createExecution(input: $input) { execution { id } } }`,
      { input: { namespace: "e2e.bulk", flow: "flaky" } },
    );
    return createExecution.execution.id;
  }
  const slow = await headway.run("slow");
  await page.goto(
    `${headway.server.url}/executions?q=${encodeURIComponent(`(namespace:e2e.bulk OR id:${slow.id})`)}`,
  );
  const failed = page
    .getByRole("navigation", { name: "Views" })
    .getByRole("button", { name: /^Failed in 24 h/ });
  await expect(failed).toBeVisible();
  await expect
    .poll(
      async () => {
        const { executions } = await headway.server.ask<{ executions: { totalCount: { value: number } } }>(
          `{ executions(search: "namespace:e2e.bulk state:failed") { totalCount { value } } }`,
        );
        return executions.totalCount.value;
      },
      { timeout: 120_000 },
    )
    .toBe(MANY);

  await page.getByRole("checkbox", { name: "Select all that are loaded" }).check();
  await page.getByRole("button", { name: `Select all ${MANY + 1} that match` }).click();
  await page.getByRole("toolbar").getByRole("button", { name: "Restart" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`${MANY} of ${MANY + 1} executions`);
  await expect(dialog).toContainText("1 left out:");
  await expect(dialog.getByRole("link", { name: slow.name })).toBeVisible();
  await expect(dialog.getByRole("radio", { name: /All or none/ })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("the database is back");
  await dialog.getByRole("button", { name: `Restart ${MANY}` }).click();

  await expect(dialog).toContainText(`Done: ${MANY} done, 1 refused`, { timeout: 120_000 });
  const refused = dialog.getByRole("list", { name: "Refused" }).getByRole("listitem");
  await expect(refused).toHaveCount(1);
  await expect(refused).toContainText(slow.name);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("toolbar")).toHaveCount(0);
  await headway.cancel(slow.id);
});

const FLAKY = `
id: flaky
namespace: e2e.bulk
tasks:
  - {id: only, type: fail, message: "not today"}
`;
