import { chromium } from "@playwright/test";
import fs from "fs";

const s = JSON.parse(fs.readFileSync(process.argv[2] + "/server.json"));
const b = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(
    " ",
  ),
});
const p = await b.newPage({
  viewport: { width: 1280, height: 900 },
  colorScheme: process.argv[5] || "light",
});
p.on("console", (m) => m.type() === "error" && console.log("console:", m.text()));
p.on("pageerror", (e) => console.log("pageerror", e.message));
await p.goto(`${s.url}/login?token=${s.token}`);
await p.goto(s.url + process.argv[3]);
await p.waitForTimeout(2500);
await p.screenshot({ path: process.argv[4], fullPage: false });
await b.close();
