import { expect, test } from "./test";

test("sign in with a token, return to the requested page, and sign out", async ({ page, headway }) => {
  const { url, token } = headway.server;
  await page.context().clearCookies();
  await page.goto(`${url}/approvals`);
  await expect(page).toHaveURL(`${url}/login?next=%2Fapprovals`);
  await page.getByLabel("Token").fill("hw_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Headway" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveText("This token is not valid.");
  await expect(page.getByLabel("Token")).toBeFocused();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${url}/approvals`);

  await page.goto(`${url}/login?next=/approvals`);
  await expect(page.getByText("You are signed in as admin.")).toBeVisible();
  await page.getByRole("link", { name: "Continue" }).click();
  await expect(page).toHaveURL(`${url}/approvals`);

  await page.getByRole("button", { name: "Preferences" }).first().click();
  await expect(page.getByText("Signed in as admin")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(`${url}/login`);
  await page.goto(url);
  await expect(page.getByRole("heading", { name: "Sign in to Headway" })).toBeVisible();
});

test("a session that is ended elsewhere ends here, and links to the sign-in", async ({
  page,
  headway,
  browser,
}) => {
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  // Before the session ends: parts that are loaded later need a signed-in user.
  await page.getByRole("button", { name: "Preferences" }).first().click();
  await expect(page.getByText("Signed in as admin")).toBeVisible();
  const [cookie] = await page.context().cookies();
  const other = await browser.newContext();
  await other.addCookies([cookie!]);
  const out = await other.request.post(`${headway.server.url}/logout`, {
    headers: { origin: headway.server.url },
  });
  expect(out.status()).toBe(204);
  await other.close();
  const alert = page.getByRole("dialog").getByRole("alert");
  await expect(alert).toHaveText(
    /^You are signed out. The token or session was revoked. Sign in in a new tab/,
  );
  const away = page.getByRole("dialog").getByRole("link", { name: "Sign in in a new tab" });
  await expect(away).toHaveAttribute("target", "_blank");
  await headway.server.signIn(await page.context().newPage());
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect(away).toHaveCount(0);
  await expect(page.getByText("Signed in as admin")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();

  await page.context().clearCookies();
  await page.goto(`${headway.server.url}/approvals`);
  await expect(page.getByLabel("Token")).toBeVisible();
});
