import { describe, expect, it } from "vitest";
import type { WaitReasonFragment } from "@/shared/graphql/gen/graphql";
import { aRow } from "@/testing/fixtures";
import { mayWait, reasonOf } from "./reason";

const wait = (code: WaitReasonFragment["code"], message: string, key?: string): WaitReasonFragment => ({
  code,
  message,
  until: null,
  taskRun: key ? { id: key, key } : null,
});

describe("a row that waits", () => {
  it("shows the most important reason, and the number of others", () => {
    const waits = [
      wait("TASK", "needs sign, which is WAITING_FOR_APPROVAL", "after"),
      wait("EVENT", "the event arrived", "hold"),
      wait("APPROVAL", "approval by anyone, 0 of 1 given", "sign"),
    ];
    expect(reasonOf(aRow({ state: "WAITING_FOR_APPROVAL" }), waits)).toEqual({
      task: "sign",
      text: "approval by anyone, 0 of 1 given",
      at: null,
      others: 1,
    });
  });
  it("takes the time out of the server's message", () =>
    expect(
      reasonOf(
        aRow({ state: "PAUSED" }),
        [undefined, "load"].map((key) =>
          wait("PAUSED", "paused by maria since 2026-01-14 02:03:05 UTC", key),
        ),
      ),
    ).toMatchObject({
      text: "Paused by maria",
      others: 0,
      at: { word: "since", time: "2026-01-14T02:03:05Z" },
    }));
  it("shows its position in the queue", () =>
    expect(reasonOf(aRow({ state: "QUEUED" }), [wait("SLOT", "a slot; position 2 in the queue")])?.text).toBe(
      "Waits for a slot; position 2 in the queue",
    ));
  it("shows when the wait ends, if known", () => {
    const until = "2026-01-14T04:00:00Z";
    expect(
      reasonOf(aRow({ state: "CREATED" }), [{ ...wait("TIME", "not before its scheduled time"), until }])?.at,
    ).toEqual({ word: "until", time: until });
  });
  it("while it runs shows only waits for workers", () => {
    const waits = [wait("EXECUTION", "the end of a child", "call"), wait("WORKER", "no live worker", "load")];
    expect(reasonOf(aRow(), waits)).toMatchObject({ task: "load", text: "no live worker", others: 0 });
    expect(reasonOf(aRow(), waits.slice(0, 1))).toBeNull();
  });
});

it.each([
  ["QUEUED", 0, true],
  ["PAUSED", 0.4, true],
  ["RUNNING", 0, true],
  ["RUNNING", 0.4, false],
  ["SUCCESS", 1, false],
  ["FAILED_FINISHING", 0, false],
] as const)("%s at %d may wait: %s", (state, progress, expected) =>
  expect(mayWait(aRow({ state, progress }))).toBe(expected),
);
