import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { extentOf, heightOf, shareOf, starterOf } from "./rowFacts";

const failure = {
  message: "exit code 3",
  fingerprint: "f",
  others: 0,
  skippedCount: 0,
  taskRun: { id: "r", key: "load" },
};

describe("the trigger of a row", () => {
  it("is the schedule if there was one", () =>
    expect(starterOf(aRow({ triggerKind: "SCHEDULE", values: { schedule: "nightly" } }))).toEqual({
      text: "schedule nightly",
      term: "schedule:nightly",
    }));
  it("is the person otherwise", () => {
    expect(starterOf(aRow())).toEqual({ text: "admin", term: "by:admin" });
    expect(starterOf(aRow({ createdBy: { kind: "USER", name: "Nina K" } })).term).toBe('by:"Nina K"');
    expect(starterOf(aRow({ triggerKind: "SUBFLOW" })).text).toBe("subflow");
  });
});

it("counts the tasks of a failure", () => {
  expect(extentOf(failure)).toBe("");
  expect(extentOf({ ...failure, others: 5, skippedCount: 12 })).toBe("6 failed, 12 did not run");
  expect(extentOf({ ...failure, skippedCount: 1 })).toBe("1 failed, 1 did not run");
  expect(extentOf({ ...failure, taskRun: null, skippedCount: 2 })).toBe("2 did not run");
});

it("draws the usual duration in the middle", () => {
  expect(shareOf(10, 10)).toEqual({ width: 0.5, isLong: false });
  expect(shareOf(14, 10)).toEqual({ width: 0.7, isLong: true });
  expect(shareOf(99, 10).width).toBe(1);
});

it("gives a failed row a second line, on the phone one or two more", () => {
  expect(heightOf(aRow(), undefined, false)).toBe(36);
  expect(heightOf(aRow({ failure }), undefined, false)).toBe(58);
  expect(heightOf(aRow({ failure }), undefined, true) - heightOf(aRow(), undefined, true)).toBe(20);
  const long = { ...failure, message: "x".repeat(80) };
  expect(heightOf(aRow({ failure: long }), undefined, true) - heightOf(aRow(), undefined, true)).toBe(40);
});

it("gives a waiting row a second line: by its state at once, while it runs only when the reason is known", () => {
  const reason = { task: "load", text: "a worker of queue gpu", at: null, others: 0 };
  expect(heightOf(aRow({ state: "QUEUED" }), undefined, false)).toBe(58);
  expect(heightOf(aRow({ progress: 0 }), undefined, false)).toBe(36);
  expect(heightOf(aRow({ progress: 0 }), reason, false)).toBe(58);
  expect(heightOf(aRow({ state: "SUCCESS" }), reason, false)).toBe(36);
  expect(heightOf(aRow({ state: "PAUSED" }), reason, true) - heightOf(aRow(), undefined, true)).toBe(20);
});
