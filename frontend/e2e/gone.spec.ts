import { expect, test } from "./test";

test("the page says that an execution was deleted while it was open", async ({ page, headway }) => {
  const run = await headway.run("quick");
  await headway.ended(run.id);
  await page.goto(`${headway.server.url}/executions/${run.id}?at=9999`);
  await expect(page.getByRole("alert")).toContainText("1 to ");
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(page.getByTestId("state")).toContainText("Success");
  await headway.server.graphql(
    `mutation ($ids: [ID!]!) {
      deleteExecutions(input: { ids: $ids, artifacts: false, reason: "a test" }) { problems { message } }
    }`,
    { ids: [run.id] },
  );
  await expect(page.getByText("There is no such execution")).toBeVisible();
  await page.getByRole("link", { name: "All executions" }).click();
  await expect(page).toHaveURL(/\/executions$/);
});
