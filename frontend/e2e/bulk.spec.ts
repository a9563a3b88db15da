import { expect, type Headway, test } from "./test";

const FAILED = 1_198;
const RUNNING = 6;
const SPACE = "e2e.bulk";
/** The most executions in one request. */
const AT_ONCE = 100;

test("1 198 of 1 204 are restarted: the preview, the progress, and what was refused", async ({
  page,
  headway,
}) => {
  test.setTimeout(300_000);
  const began = Date.now();
  await fill(headway);
  test.info().annotations.push({ type: "filled", description: `${Date.now() - began} ms` });

  await page.goto(`${headway.server.url}/executions?namespace=${SPACE}`);
  await page.getByRole("checkbox", { name: "Select all that are loaded" }).check();
  await page.getByRole("button", { name: "Select all 1 204 that match" }).click();
  await page.getByRole("toolbar").getByRole("button", { name: "Restart" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("1 198 of 1 204 executions");
  await expect(dialog).toContainText("6 left out:");
  await expect(dialog).toContainText("this one is RUNNING");
  await expect(dialog.getByRole("radio", { name: /All or none/ })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("the database is back");
  await dialog.getByRole("button", { name: "Restart 1 198" }).click();

  const started = Date.now();
  await expect(dialog).toContainText("Done: 1 198 done, 6 refused", { timeout: 200_000 });
  test.info().annotations.push({ type: "restarted", description: `${Date.now() - started} ms` });
  await expect(dialog.getByRole("list", { name: "Refused" }).getByRole("listitem")).toHaveCount(RUNNING);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("toolbar")).toHaveCount(0);
  await expect(page.locator("[data-execution]").first()).toContainText("Waits for a slot");

  await bulk(headway, { action: "CANCEL", search: `namespace:${SPACE} state:queued`, where: {} });
  await bulk(headway, { action: "CANCEL", search: `namespace:${SPACE} is:running`, where: {} });
});

/** Six that run, and the rest, which their flow's limit ended; each call creates as many again as exist. */
async function fill(headway: Headway): Promise<void> {
  await headway.server.graphql(
    "mutation ($source: String!) { saveFlow(input: { source: $source }) { problems { message } } }",
    { source: CROWDED },
  );
  await create(headway, RUNNING);
  const ids = await create(headway, AT_ONCE);
  for (let there = ids.length; there < FAILED; ) {
    const more = Math.min(there, FAILED - there);
    const { executions } = await headway.server.graphql<{ executions: { nodes: { id: string }[] } }>(
      `{ executions(search: "namespace:${SPACE} state:failed", first: 200) { nodes { id } } }`,
    );
    const some = executions.nodes.slice(0, more).map(({ id }) => id);
    await bulk(headway, { action: "REPLAY", ids: some });
    there += some.length;
  }
}

async function create(headway: Headway, count: number): Promise<string[]> {
  const one = `createExecution(input: { namespace: "${SPACE}", flow: "crowded" }) { execution { id } }`;
  const all = Array.from({ length: count }, (_, at) => `e${at}: ${one}`);
  const made = await headway.server.graphql<Record<string, { execution: { id: string } }>>(
    `mutation { ${all.join(" ")} }`,
  );
  return Object.values(made).map(({ execution }) => execution.id);
}

async function bulk({ server }: Headway, input: Record<string, unknown>): Promise<void> {
  const { previewBulk } = await server.graphql<{ previewBulk: { preview: { id: string } } }>(
    "mutation ($input: PreviewBulkInput!) { previewBulk(input: $input) { preview { id } } }",
    { input },
  );
  const { id } = previewBulk.preview;
  await server.graphql(
    "mutation ($id: ID!) { runBulk(input: { previewId: $id, mode: EACH }) { problems { message } } }",
    {
      id,
    },
  );
  const state = async () =>
    (
      await server.graphql<{ bulk: { state: string } }>("query ($id: ID!) { bulk(id: $id) { state } }", {
        id,
      })
    ).bulk.state;
  await expect.poll(state, { timeout: 120_000 }).toBe("DONE");
}

const CROWDED = `
id: crowded
namespace: ${SPACE}
concurrency: {limit: ${RUNNING}, behavior: FAIL}
tasks:
  - {id: only, type: shell, run: sleep 600}
`;
