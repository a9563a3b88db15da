import { expect, it, vi } from "vitest";
import { aLine } from "@/testing/fixtures";
import { downloadOf, type LinePage } from "../choice";
import { openingOf } from "../useLogPanel";
import { copiedWords, lastLines, linesOf, textOf } from "./copying";

/** A choice that contains every `every`-th line of a log. */
function served(total: number, every = 1) {
  const all = Array.from({ length: Math.floor(total / every) }, (_, at) => (at + 1) * every);
  return vi.fn(async (around: number, first: number): Promise<LinePage | undefined> => {
    const split = all.filter((line) => line < around).length;
    const before = Math.min(split, Math.max(first / 2, first - (all.length - split)));
    const from = split - before;
    const numbers = all.slice(from, from + first);
    const to = from + numbers.length;
    return { lines: numbers.map((line) => aLine(line)), hasOlder: from > 0, hasNewer: to < all.length };
  });
}

it.each([
  [{ from: 100, to: 110 }, 1, 11, false],
  [{ from: 1, to: 1 }, 1, 1, false],
  [{ from: 4990, to: 6000 }, 1, 11, false],
  [{ from: 1, to: 3000 }, 1, 3000, false],
  [{ from: 1, to: 3000 }, 7, 428, false],
  [{ from: 1, to: 5000 }, 1, 4000, true],
])("reads the range %j of each line divisible by %d", async (range, every, count, isPart) => {
  const copied = await linesOf(served(5000, every), range, 4000);
  expect(copied?.lines).toHaveLength(count);
  expect(copied?.lines[0]?.line).toBe(Math.ceil(range.from / every) * every);
  expect(copied?.isPart).toBe(isPart);
  expect(new Set(copied?.lines.map(({ line }) => line)).size).toBe(count);
});

it("reads a few lines with one request", async () => {
  const read = served(5000);
  await linesOf(read, { from: 2000, to: 2010 });
  expect(read).toHaveBeenCalledTimes(1);
});

it.each([
  [300, 300, false],
  [4000, 4000, false],
  [9000, 4000, true],
  [0, 0, false],
])("reads the last of %d lines", async (total, count, isPart) => {
  const copied = await lastLines(served(total), 4000);
  expect(copied?.lines).toHaveLength(count);
  expect(copied?.lines.at(-1)?.line).toBe(total || undefined);
  expect(copied?.isPart).toBe(isPart);
});

it("copies nothing when the log cannot be read", async () => {
  expect(await lastLines(async () => undefined)).toBeUndefined();
  expect(await linesOf(async () => undefined, { from: 1, to: 2 })).toBeUndefined();
});

it("copies only the text", () => {
  expect(textOf([aLine(1, { text: "\u001b[31mred\u001b[0m" }), aLine(2)])).toBe("red\nline 2");
});

it.each([
  [1, false, "Copied 1 line"],
  [11, false, "Copied 11 lines"],
  [10_000, true, "Copied the last 10\u2009000 lines; Download gives all of them"],
])("says what it copied: %d", (count, isPart, words) => {
  const lines = Array.from({ length: count }, (_, at) => aLine(at + 1));
  expect(copiedWords({ lines, isPart }, "last")).toBe(words);
});

it("passes the choice to the download, in its parameters", () => {
  const all = { id: "exec_1", moment: null, taskRunId: null, attempt: null, minLevel: null, stream: null };
  expect(downloadOf(all)).toBe("/executions/exec_1/logs.txt");
  const narrow = { ...all, taskRunId: "run_1", attempt: 2, minLevel: "WARN", stream: "STDERR" } as const;
  expect(downloadOf(narrow, { task: "each[3].fetch", byTask: true, text: "a b" })).toBe(
    "/executions/exec_1/logs.txt?order=task&task=each%5B3%5D.fetch&attempt=2&level=WARN&stream=STDERR&text=a+b",
  );
});

it("opens at the line of the URL, else at the cause; at the previous position if only the filter changes", () => {
  expect(openingOf(10, null, 5)).toBe(10);
  expect(openingOf(null, null, 5)).toBe(5);
  expect(openingOf(null, null, null)).toBeNull();
  expect(openingOf(10, { top: 70, bottom: 90, following: false }, 5)).toBe(70);
  expect(openingOf(null, { top: 70, bottom: 90, following: true }, 5)).toBeNull();
});
