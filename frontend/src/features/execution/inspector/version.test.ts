import { describe, expect, it } from "vitest";
import { type ExecutionRecord, recordOf } from "@/entities/execution/record";
import { aSnapshot } from "@/testing/fixtures";
import { GIVES_OUTPUTS, lastOf } from "./version";

type Event = ExecutionRecord["events"][number];
const event = (seq: number, type: Event["type"], key: string | null) =>
  ({ seq, type, taskRun: key && { id: `run_${key}`, key } }) as Event;
const snapshot = recordOf(aSnapshot({ seq: 7 }));
const record = {
  ...snapshot,
  events: [
    event(8, "OUTPUTS_SET", "load"),
    event(9, "ATTEMPT_ENDED", "extract"),
    event(10, "EXECUTION_STATE_CHANGED", null),
    event(11, "NOTE_ADDED", null),
  ],
};

describe("the version of data with a query of its own changes", () => {
  it("with the last event that concerns it", () => expect(lastOf(record, GIVES_OUTPUTS)).toBe(10));
  it("with an event of one of the given task runs, and of no other", () => {
    expect(lastOf(record, GIVES_OUTPUTS, new Set(["run_load", "run_extract"]))).toBe(9);
    expect(lastOf(record, GIVES_OUTPUTS, new Set(["run_load"]))).toBe(8);
    expect(lastOf(record, GIVES_OUTPUTS, new Set(["run_other"]))).toBe(7);
  });
  it("with a new snapshot, because events before it are unknown", () =>
    expect(lastOf(snapshot, GIVES_OUTPUTS)).toBe(7));
});
