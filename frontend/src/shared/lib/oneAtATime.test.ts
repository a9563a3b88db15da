import { expect, test } from "vitest";
import { oneAtATime } from "./oneAtATime";

test("a call while one runs waits for it; the next one runs anew", async () => {
  let runs = 0;
  let release = () => {};
  const load = oneAtATime(async () => {
    runs += 1;
    await new Promise<void>((done) => {
      release = done;
    });
  });
  const first = load();
  expect(load()).toBe(first);
  release();
  await first;
  expect(runs).toBe(1);

  const next = load();
  release();
  await next;
  expect(runs).toBe(2);
});

test("a failed run is told to all who waited, and does not block the next", async () => {
  let fails = true;
  const load = oneAtATime(async () => {
    if (fails) throw new Error("no");
  });
  await expect(load()).rejects.toThrow("no");
  fails = false;
  await expect(load()).resolves.toBeUndefined();
});
