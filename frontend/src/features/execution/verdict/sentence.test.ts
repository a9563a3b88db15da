import { describe, expect, it } from "vitest";
import { aTask } from "@/testing/fixtures";
import {
  causeOf,
  didNotRun,
  exitCodeBeside,
  howItFailed,
  listed,
  momentWords,
  moreFailed,
  standingThen,
  warnedWords,
  whenItFailed,
} from "./sentence";

describe("how and when it failed", () => {
  it.each([
    [null, "failed at 02:59:16"],
    [1, "failed at its first attempt at 02:59:16"],
    [3, "failed after 3 attempts, the last at 02:59:16"],
  ])("attempt %s", (attempt, sentence) =>
    expect(howItFailed({ attempt }) + whenItFailed({ attempt }, "02:59:16")).toBe(sentence),
  );
  it("says nothing of a time that is not known", () => expect(whenItFailed({ attempt: 2 }, null)).toBe(""));
});

describe("exitCodeBeside", () => {
  it.each([
    ["connection refused", 3, "exit code 3"],
    ["exit code 3", 3, null],
    ["connection refused", null, null],
    ["killed by SIGKILL", -9, null],
  ])("%s, %s", (message, exitCode, beside) => expect(exitCodeBeside({ message, exitCode })).toBe(beside));
});

it.each([
  ["ConnectionRefusedError: db-2", "ConnectionRefusedError: db-2"],
  [
    'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no such day\n',
    "ValueError: no such day",
  ],
  ["the output rows cannot be evaluated\nsee the source", "the output rows cannot be evaluated"],
  ["Error: boom\n at foo..\n at bar (b.js:2:2)", "Error: boom"],
  [
    'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: bad\nrow 3\n',
    "ValueError: bad",
  ],
  ["", ""],
])("the cause of %j is one line", (message, cause) => expect(causeOf(message)).toBe(cause));

it("counts what failed beside it and what did not run, and says nothing of none", () => {
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

it("tells how tasks stood at a moment", () => {
  const states = ["SUCCESS", "CACHED", "FAILED", "RUNNING", "RETRYING", "CREATED", "QUEUED"] as const;
  const tasks = states.map((state) => aTask(state, { state }));
  expect(standingThen(tasks)).toBe("2 succeeded, 1 failed, 1 ran, 1 waited, 2 had not started");
  const never = aTask("x", { state: "CANCELLED", startedAt: null });
  expect(standingThen([never, aTask("y", { state: "KILLED" })])).toBe("1 were stopped, 1 had not started");
  expect(standingThen([])).toBe("no task was planned");
});

it.each([
  [["ATTEMPT_STARTED", "RUNNING", 2, "load"], "load: attempt 2 started"],
  [["TASK_RUN_STATE_CHANGED", "RETRYING", null, "load"], "load: Retrying"],
  [["EXECUTION_STATE_CHANGED", "WAITING_FOR_APPROVAL", null, null], "Needs approval"],
  [["LABELS_SET", null, null, null], "Labels set"],
] as const)("%j is told as %s", ([type, toState, attempt, key], words) =>
  expect(momentWords({ type, toState, attempt, taskRun: key ? { key } : null })).toBe(words),
);

it("names what ended with a warning", () => {
  const tasks = ["a", "b", "c"].map((key) => aTask(key, { state: key === "b" ? "SUCCESS" : "WARNING" }));
  expect(warnedWords({ taskRuns: new Map(tasks.map((task) => [task.id, task])) })).toBe(
    "2 tasks ended with a warning: a and c",
  );
  expect(warnedWords({ taskRuns: new Map() })).toBeNull();
});
