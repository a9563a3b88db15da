import { expect, it } from "vitest";
import { recordOf } from "@/entities/execution/record";
import { countStateGroups } from "@/entities/taskRun/stateGroup";
import { aSnapshot, aTask } from "@/testing/fixtures";
import { consequencesOf } from "./consequences";

const STARTED = "2026-01-14T02:00:00Z";
const failure = { taskRun: { id: "run_load", key: "load" }, others: 9, skippedCount: 2 };
const tasks = [
  aTask("load", { state: "FAILED", startedAt: STARTED }),
  aTask("check", { state: "ERROR", startedAt: STARTED }),
  aTask("send", { state: "KILLED", startedAt: STARTED }),
  aTask("clean", { state: "CREATED", startedAt: null }),
  aTask("report", { state: "CANCELLED", startedAt: null }),
  aTask("stopped", { state: "CANCELLED", startedAt: STARTED }),
];
const of = (state: string) => recordOf(aSnapshot({ state, failure, taskRuns: tasks } as never) as never);

it("counts as the lists behind the links do, without the task named in the strip", () => {
  const record = of("FAILED");
  const listed = countStateGroups(record.taskRuns.values(), true);
  expect(consequencesOf(record)).toEqual({ failed: listed.failed - 1, notRun: listed.notRun, because: true });
  expect(listed).toMatchObject({ failed: 3, notRun: 2 });
});

it("leaves out tasks that may still run, and names no cause where there is another one", () =>
  expect(consequencesOf(of("FAILED_FINISHING"))).toEqual({ failed: 2, notRun: 1, because: false }));

it("counts all tasks when the execution itself failed", () => {
  const record = of("FAILED");
  const head = { ...record.head, failure: { ...record.head.failure!, taskRun: null } };
  expect(consequencesOf({ ...record, head }).failed).toBe(3);
});
