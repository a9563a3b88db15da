import { describe, expect, it } from "vitest";
import { type Event, foldEvents, isTelling, words } from "./events";

function event(seq: number, over: Partial<Event> = {}): Event {
  return {
    id: `evt_${seq}`,
    seq,
    type: "EXECUTION_STATE_CHANGED",
    at: "2026-01-01T00:00:00Z",
    fromState: null,
    toState: null,
    attempt: null,
    taskRun: null,
    actor: { kind: "ENGINE", name: "engine" },
    channel: "ENGINE",
    reason: null,
    terminal: false,
    ...over,
  };
}

describe("foldEvents", () => {
  const known = [event(1), event(2)];
  it("appends", () =>
    expect(foldEvents(known, [event(3), event(4)]).map((one) => one.seq)).toEqual([1, 2, 3, 4]));
  it("drops doubles after a reconnect", () =>
    expect(foldEvents(known, [event(2), event(3), event(3)]).map((one) => one.seq)).toEqual([1, 2, 3]));
  it("is the same array when nothing is new", () => expect(foldEvents(known, [event(1)])).toBe(known));
});

describe("isTelling", () => {
  it.each([
    [event(1), true],
    [event(1, { type: "APPROVAL_VOTED" }), true],
    [event(1, { type: "PROGRESS_REPORTED" }), false],
    [event(1, { type: "TASK_RUN_STATE_CHANGED", toState: "FAILED" }), true],
    [event(1, { type: "TASK_RUN_STATE_CHANGED", toState: "QUEUED" }), false],
  ])("%#", (given, telling) => expect(isTelling(given)).toBe(telling));
});

describe("words", () => {
  const taskRun = { id: "run_1", key: "extract" };
  it.each([
    [event(1, { fromState: "CREATED", toState: "RUNNING" }), "CREATED → RUNNING"],
    [event(1, { toState: "CREATED" }), "CREATED"],
    [event(1, { taskRun, fromState: "RUNNING", toState: "FAILED" }), "extract RUNNING → FAILED"],
    [event(1, { type: "ATTEMPT_STARTED", taskRun, attempt: 2 }), "extract attempt started (attempt 2)"],
    [event(1, { type: "LABELS_SET" }), "labels set"],
  ])("%#", (given, text) => expect(words(given)).toBe(text));
});
