import { expect, it } from "vitest";
import { recordOf } from "@/entities/execution/record";
import type { TaskRunState, WaitingReasonFragment } from "@/shared/graphql/gen/graphql";
import { aSnapshot, aTask } from "@/testing/fixtures";
import { lastInto, reasonsOf } from "./still";

const record = (tasks: Record<string, TaskRunState>, state: "RUNNING" | "QUEUED" | "FAILED" = "RUNNING") =>
  recordOf(
    aSnapshot({ state, taskRuns: Object.entries(tasks).map(([key, one]) => aTask(key, { state: one })) }),
  );
const waits = (
  code: WaitingReasonFragment["code"],
  message: string,
  key?: string,
): WaitingReasonFragment => ({
  code,
  message,
  until: null,
  execution: null,
  taskRun: key ? { id: `run_${key}`, key } : null,
});

it("groups the tasks by reason, the most important reason first", () => {
  const reasons = reasonsOf(record({ a: "QUEUED", b: "QUEUED", c: "RETRYING", d: "CREATED" }), [
    waits("RETRY", "attempt 2 starts when its backoff is over", "c"),
    waits("WORKER", "no live worker on queue gpu", "a"),
    waits("WORKER", "no live worker on queue gpu", "b"),
    waits("TASK", "needs c", "d"),
  ]);
  expect(reasons.map(({ message, keys }) => [message, keys])).toEqual([
    ["no live worker on queue gpu", ["a", "b"]],
    ["attempt 2 starts when its backoff is over", ["c"]],
  ]);
});

it("is empty while a task runs, or once it has ended", () => {
  const reasons = [waits("WORKER", "no live worker on queue gpu", "a")];
  expect(reasonsOf(record({ a: "QUEUED", b: "RUNNING" }), reasons)).toEqual([]);
  expect(reasonsOf(record({ a: "QUEUED" }, "FAILED"), reasons)).toEqual([]);
});

it("counts a subflow whose execution waits as waiting", () => {
  const below = [waits("EXECUTION", "the end of the execution that it started", "sub")];
  expect(reasonsOf(record({ sub: "RUNNING" }), below)).toHaveLength(1);
  expect(reasonsOf(record({ sub: "RUNNING", other: "RUNNING" }), below)).toEqual([]);
});

it("finds who did it last", () => {
  const change = (state: string, name: string) => ({ state, at: "", actor: { name }, reason: null });
  const history = [change("PAUSED", "omar"), change("RUNNING", "omar"), change("PAUSED", "maria")];
  expect(lastInto(history, ["PAUSED"])?.actor.name).toBe("maria");
  expect(lastInto(history, ["KILLING"])).toBeNull();
});
