import { describe, expect, it } from "vitest";
import { exitCodeBeside, howItFailed, howManyOthers, markedLine, whatWasSkipped } from "./sentence";

describe("howItFailed", () => {
  it.each([
    [null, "failed"],
    [1, "failed at its first attempt"],
    [3, "failed after 3 attempts"],
  ])("attempt %s", (attempt, sentence) => expect(howItFailed({ attempt })).toBe(sentence));
});

describe("exitCodeBeside", () => {
  it.each([
    ["connection refused", 3, "exit code 3"],
    ["exit code 3", 3, null],
    ["connection refused", null, null],
    ["killed by SIGKILL", -9, null],
  ])("%s, %s", (message, exitCode, beside) => expect(exitCodeBeside({ message, exitCode })).toBe(beside));
});

describe("howManyOthers", () => {
  it.each([
    [0, null],
    [1, "+ 1 other task failed"],
    [2, "+ 2 other tasks failed"],
  ])("%d", (others, sentence) => expect(howManyOthers(others)).toBe(sentence));
});

describe("whatWasSkipped", () => {
  const tasks = (count: number) => Array.from({ length: count }, (_, at) => ({ key: `t${at + 1}` }));
  it.each([
    [0, null],
    [1, "t1 did not run because of it."],
    [2, "t1 and t2 did not run because of it."],
    [6, "t1, t2, t3, t4, t5 and t6 did not run because of it."],
    [9, "t1, t2, t3, t4, t5, t6 and 3 more did not run because of it."],
  ])("%d tasks", (count, sentence) => expect(whatWasSkipped(tasks(count))).toBe(sentence));
});

describe("markedLine", () => {
  const lines = [
    { line: 4, level: "INFO" },
    { line: 5, level: "ERROR" },
    { line: 6, level: "ERROR" },
    { line: 7, level: "INFO" },
  ];
  it.each([
    ["the line that the server named", lines, 4, 4],
    ["the last error without one", lines, null, 6],
    ["the last error when the named one is not shown", lines, 99, 6],
    ["nothing without errors", [lines[0]!], null, null],
  ])("%s", (_, shown, logLine, marked) => expect(markedLine(shown, logLine)).toBe(marked));
});
