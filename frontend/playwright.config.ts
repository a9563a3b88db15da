import { defineConfig } from "@playwright/test";

/** Specs that assert durations or CPU shares: nothing else runs at the same time. */
const MEASURING = /(busy|timeline)\.spec\.ts/;

export default defineConfig({
  testDir: "e2e",
  timeout: 120_000,
  expect: { timeout: 15_000 },
  // Every worker has a server and a database of its own.
  workers: 2,
  fullyParallel: false,
  reporter: "list",
  projects: [
    { name: "page", testIgnore: MEASURING },
    { name: "measuring", testMatch: MEASURING, workers: 1 },
  ],
  use: {
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
