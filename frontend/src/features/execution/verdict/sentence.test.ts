import { expect, it } from "vitest";
import { aTask } from "@/testing/fixtures";
import { countsThen, didNotRun, listed, momentWords, moreFailed, warnedWords } from "./sentence";

it("counts other failed tasks and those that did not run, and omits zero", () => {
  expect([moreFailed(0), moreFailed(1), moreFailed(5)]).toEqual([
    null,
    "1 more task failed",
    "5 more tasks failed",
  ]);
  expect([didNotRun(0), didNotRun(12)]).toEqual([null, "12 did not run"]);
});

it.each([
  [[], ""],
  [["a"], "a"],
  [["a", "b"], "a and b"],
  [["a", "b", "c"], "a, b and c"],
  [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
])("%j is listed as %s", (names, text) => expect(listed(names)).toBe(text));

it("counts the tasks by state at a moment", () => {
  const states = ["SUCCESS", "CACHED", "FAILED", "RUNNING", "RETRYING", "CREATED", "QUEUED"] as const;
  const tasks = states.map((state) => aTask(state, { state }));
  expect(countsThen(tasks)).toBe("2 succeeded, 1 failed, 1 ran, 1 waited, 2 had not started");
  const never = aTask("x", { state: "CANCELLED", startedAt: null });
  expect(countsThen([never, aTask("y", { state: "KILLED" })])).toBe("1 were stopped, 1 had not started");
  expect(countsThen([])).toBe("no task was planned");
});

it.each([
  [["ATTEMPT_STARTED", "RUNNING", 2, "load"], "load: attempt 2 started"],
  [["TASK_RUN_STATE_CHANGED", "RETRYING", null, "load"], "load: Retrying"],
  [["EXECUTION_STATE_CHANGED", "WAITING_FOR_APPROVAL", null, null], "Needs approval"],
  [["LABELS_SET", null, null, null], "Labels set"],
] as const)("%j reads %s", ([type, toState, attempt, key], words) =>
  expect(momentWords({ type, toState, attempt, taskRun: key ? { key } : null })).toBe(words),
);

it("names the tasks that ended with a warning", () => {
  const tasks = ["a", "b", "c"].map((key) => aTask(key, { state: key === "b" ? "SUCCESS" : "WARNING" }));
  expect(warnedWords({ taskRuns: new Map(tasks.map((task) => [task.id, task])) })).toBe(
    "2 tasks ended with a warning: a and c",
  );
  expect(warnedWords({ taskRuns: new Map() })).toBeNull();
});
