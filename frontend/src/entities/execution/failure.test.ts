import { describe, expect, it } from "vitest";
import { causeOf, howItFailed } from "./failure";

describe("the summary of a failure", () => {
  const at = "02:59:16";
  it.each([
    [null, null, at, "failed at 02:59:16"],
    [1, null, at, "failed at its first attempt at 02:59:16"],
    [1, 3, at, "failed at its first attempt, exit code 3, at 02:59:16"],
    [3, null, at, "failed after 3 attempts, the last at 02:59:16"],
    [3, 3, at, "failed after 3 attempts, exit code 3, the last at 02:59:16"],
    [2, null, null, "failed after 2 attempts"],
    [null, -9, null, "failed"],
  ])("attempt %s, exit code %s, at %s", (attempt, exitCode, clock, sentence) =>
    expect(howItFailed({ attempt, exitCode, message: "connection refused" }, clock)).toBe(sentence),
  );
  it("omits the exit code where the message is only the exit code", () =>
    expect(howItFailed({ attempt: 1, exitCode: 3, message: "exit code 3" }, null)).toBe(
      "failed at its first attempt",
    ));
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
