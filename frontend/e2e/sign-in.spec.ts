import { expect, test } from "./test";

test("one signs in with a token, goes on where one wanted to, and out again", async ({ page, headway }) => {
  const { url, token } = headway.server;
  await page.context().clearCookies();
  await page.goto(`${url}/approvals`);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Token").fill("hw_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "This token is not valid" })).toBeVisible();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${url}/approvals`);

  await page.getByRole("button", { name: "Preferences" }).first().click();
  await expect(page.getByText("Signed in as admin")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(`${url}/login`);
  await page.goto(url);
  await expect(page.getByRole("heading", { name: "Not logged in" })).toBeVisible();
});

test("a session that is ended elsewhere ends here, and leads to the sign-in", async ({
  page,
  headway,
  browser,
}) => {
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  const [cookie] = await page.context().cookies();
  const other = await browser.newContext();
  await other.addCookies([cookie!]);
  const out = await other.request.post(`${headway.server.url}/logout`, {
    headers: { origin: headway.server.url },
  });
  expect(out.status()).toBe(204);
  await other.close();
  await page.getByRole("alert").getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByLabel("Token")).toBeVisible();
});
