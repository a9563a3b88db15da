import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LogRowFragment } from "@/shared/graphql/gen/graphql";
import { LogBuffer } from "./logBuffer";

function lines(...numbers: number[]): LogRowFragment[] {
  return numbers.map((line) => ({
    line,
    at: "2026-01-01T00:00:00Z",
    level: "INFO",
    stream: "STDOUT",
    text: `line ${line}`,
    taskRunId: "run_1",
    taskKey: "extract",
    attempt: 1,
  }));
}

let buffer: LogBuffer;
const numbers = () => buffer.lines.map((line) => line.line);

beforeEach(() => {
  buffer = new LogBuffer();
  buffer.begin(lines(11, 12, 13), { hasPreviousPage: true, startCursor: "s11", endCursor: "e13" });
});

it("begins with the tail", () => {
  expect(numbers()).toEqual([11, 12, 13]);
  expect(buffer).toMatchObject({
    loaded: true,
    hasOlder: true,
    startCursor: "s11",
    endCursor: "e13",
    arrived: 0,
  });
});

describe("append", () => {
  it("goes on and remembers the cursor", () => {
    buffer.append(lines(14, 15), "e15", false);
    expect(numbers()).toEqual([11, 12, 13, 14, 15]);
    expect(buffer).toMatchObject({ endCursor: "e15", arrived: 2, complete: false });
  });
  it("ignores what was already there, as after a reconnect", () => {
    buffer.append(lines(12, 13, 14), "e14", false);
    buffer.append(lines(14), "e14", true);
    expect(numbers()).toEqual([11, 12, 13, 14]);
    expect(buffer).toMatchObject({ arrived: 1, complete: true });
  });
  it("keeps to its limit, in strides", () => {
    const small = new LogBuffer(10);
    small.begin(lines(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), {
      hasPreviousPage: true,
      startCursor: "s",
      endCursor: "e",
    });
    small.append(lines(11, 12), "e", false);
    expect(small.lines.map((line) => line.line)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(small).toMatchObject({ prepended: -2, hasOlder: false });
  });
});

describe("prepend", () => {
  it("puts older lines in front and counts them", () => {
    buffer.prepend(lines(8, 9, 10, 11), { hasPreviousPage: true, startCursor: "s8" });
    expect(numbers()).toEqual([8, 9, 10, 11, 12, 13]);
    expect(buffer).toMatchObject({ prepended: 3, hasOlder: true, startCursor: "s8" });
  });
  it("stops at the first line", () => {
    buffer.prepend(lines(10), { hasPreviousPage: false, startCursor: "s10" });
    expect(buffer.hasOlder).toBe(false);
  });
  it("stops when a page brings nothing", () => {
    buffer.prepend([], { hasPreviousPage: true, startCursor: null });
    expect(buffer.hasOlder).toBe(false);
  });
});

it.each([
  [5, 0],
  [11, 0],
  [12, 1],
  [13, 2],
  [99, 3],
])("finds line %d at %d", (line, index) => expect(buffer.indexOf(line)).toBe(index));

it("tells its listeners once a batch", () => {
  const heard = vi.fn();
  const stop = buffer.subscribe(heard);
  const before = buffer.getVersion();
  buffer.append(lines(14, 15, 16), "e16", true);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(buffer.getVersion()).toBe(before + 1);
  stop();
  buffer.reopen();
  expect(heard).toHaveBeenCalledTimes(1);
  expect(buffer.complete).toBe(false);
});
