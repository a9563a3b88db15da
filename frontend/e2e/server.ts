import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";

const PROGRAM = process.env.HEADWAY ?? fileURLToPath(new URL("../../.venv/bin/headway", import.meta.url));
const READY_WITHIN = 60_000;

/** A real server in a folder of its own. */
export class Server {
  url = "";
  token = "";
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "headway-e2e-"));

  /** On the same port as before, if it ran before; with `settings` as its environment variables. */
  async start(settings: Record<string, string> = {}): Promise<void> {
    const port = this.url ? new URL(this.url).port : "0";
    const ready = join(this.folder, "server.json");
    rmSync(ready, { force: true });
    const child = spawn(PROGRAM, ["serve", "--port", port, "--data-dir", this.folder], {
      stdio: ["ignore", "inherit", "inherit"],
      // Flows of these tests wait for files in folders that other users cannot open.
      env: { ...process.env, HEADWAY_TASK_ISOLATION: "off", ...settings },
    });
    this.child = child;
    const deadline = Date.now() + READY_WITHIN;
    while (!existsSync(ready)) {
      if (child.exitCode !== null) throw new Error(`headway serve ended with code ${child.exitCode}`);
      if (Date.now() > deadline) {
        child.kill("SIGKILL");
        throw new Error("headway serve did not become ready");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { url, token } = JSON.parse(readFileSync(ready, "utf8")) as { url: string; token: string };
    this.url = url;
    this.token = token;
  }

  /** Signs in with a token, as a person does. */
  async signIn(page: Page): Promise<void> {
    const answer = await page.request.post(`${this.url}/login`, { form: { token: this.token } });
    if (!answer.ok()) throw new Error(`nobody is signed in: ${answer.status()}`);
    await page.goto(this.url);
  }

  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  /** Stops it as an operator's restart does: it ends its streams and exits; its folder stays for the next start. */
  leave(): Promise<void> {
    return this.end("SIGTERM");
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async graphql<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
    if (errors) throw new Error(errors.map((error) => error.message).join("; "));
    return data;
  }

  private end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.kill(signal);
    });
  }
}
