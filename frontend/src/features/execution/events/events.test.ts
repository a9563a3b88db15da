import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLEnumType } from "graphql";
import { describe, expect, it } from "vitest";
import { type Event, isFailure, isMain, markOf, sentenceOf, whoDid } from "./events";

const sdl = readFileSync(`${import.meta.dirname}/../../../../../schema/schema.graphql`, "utf8");
const types = (buildSchema(sdl).getType("EventType") as GraphQLEnumType)
  .getValues()
  .map(({ name }) => name as Event["type"]);

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
    causedBy: null,
    ...over,
  };
}
const taskRun = { id: "run_1", key: "extract" };

describe("sentenceOf", () => {
  it.each(types)("%s is described without the words of the schema", (type) => {
    const { words } = sentenceOf(event(1, { type, taskRun, attempt: 2 }));
    expect(words).toMatch(/^[a-z][^_]+$/);
  });

  const reading = (given: Event) => Object.values(sentenceOf(given)).join(" ");
  it.each([
    [event(1, { fromState: "CREATED", toState: "RUNNING" }), "The execution started"],
    [event(1, { toState: "FAILED_FINISHING" }), "The execution failed; running tasks may finish"],
    [event(1, { type: "TASK_RUN_STATE_CHANGED", taskRun, toState: "CANCELLED" }), "extract did not run"],
    [event(1, { type: "ATTEMPT_STARTED", taskRun, attempt: 2 }), "extract started attempt 2"],
    [event(1, { type: "ATTEMPT_ENDED", taskRun, attempt: 1, toState: "SUCCESS" }), "extract succeeded"],
    [
      event(1, { type: "ATTEMPT_ENDED", taskRun, attempt: 3, toState: "FAILED" }),
      "extract failed in attempt 3",
    ],
    [
      event(1, { type: "ATTEMPT_ENDED", taskRun, attempt: 1, toState: "RETRYING" }),
      "extract failed in attempt 1 and will be retried",
    ],
    [event(1, { type: "NOTE_ADDED" }), "The execution got a note"],
  ])("%#", (given, text) => expect(reading(given)).toBe(text));
});

describe("isMain", () => {
  it.each([
    [event(1), true],
    [event(1, { type: "APPROVAL_VOTED" }), true],
    [event(1, { type: "PROGRESS_REPORTED" }), false],
    [event(1, { type: "TASK_RUN_STATE_CHANGED", taskRun, toState: "FAILED" }), true],
    [event(1, { type: "TASK_RUN_STATE_CHANGED", taskRun, toState: "QUEUED" }), false],
    [event(1, { type: "ATTEMPT_STARTED", taskRun, attempt: 1 }), false],
    [event(1, { type: "ATTEMPT_STARTED", taskRun, attempt: 2 }), true],
  ])("%#", (given, main) => expect(isMain(given)).toBe(main));
});

describe("isFailure", () => {
  it.each([
    [event(1, { toState: "FAILED" }), true],
    [event(1, { type: "FAILURE_RECORDED" }), true],
    [event(1, { type: "ATTEMPT_ENDED", taskRun, toState: "RETRYING" }), true],
    [event(1, { toState: "CANCELLED" }), false],
    [event(1, { type: "NOTE_ADDED" }), false],
  ])("%#", (given, failed) => {
    expect(isFailure(given)).toBe(failed);
    expect(markOf(given).tone === "bad").toBe(failed);
  });
});

it.each([
  [event(1), ""],
  [event(1, { actor: { kind: "USER", name: "maria" }, channel: "UI" }), "by maria on the page"],
  [event(1, { actor: { kind: "SCHEDULE", name: "nightly" } }), "by schedule nightly"],
  [event(1, { actor: { kind: "WORKER", name: "vm-7" }, channel: "API" }), "on vm-7"],
  [event(2, { actor: { kind: "USER", name: "maria" }, channel: "UI", causedBy: 1 }), ""],
])("whoDid %#", (given, words) => expect(whoDid(given)).toBe(words));
