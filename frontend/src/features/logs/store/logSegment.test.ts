import { beforeEach, describe, expect, it, vi } from "vitest";
import { aLine } from "@/testing/fixtures";
import type { Line, LinePage, ReadAround } from "../choice";
import { LogSegment } from "./logSegment";
import { byTask, byTime, Groups } from "./sources";

const numbered = (...numbers: number[]) => numbers.map((line) => aLine(line));
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => aLine(from + at));

/** Reads around a line of a choice, as the server does: as many lines before it as from it on, if there are. */
function reader(all: () => readonly Line[]): ReadAround & ReturnType<typeof vi.fn> {
  return vi.fn(async (around: number, first: number): Promise<LinePage> => {
    const lines = all();
    const earlier = lines.filter(({ line }) => line < around);
    const later = lines.filter(({ line }) => line >= around);
    const before = Math.min(earlier.length, Math.max(Math.floor(first / 2), first - later.length));
    const after = Math.min(later.length, first - before);
    return {
      lines: [...earlier.slice(earlier.length - before), ...later.slice(0, after)],
      hasOlder: earlier.length > before,
      hasNewer: later.length > after,
    };
  }) as never;
}

let segment: LogSegment;
const shown = () => segment.lines.map(({ line }) => line);

describe("neighbours by time", () => {
  beforeEach(() => {
    segment = new LogSegment(byTime(reader(() => [])));
    segment.begin({ lines: numbered(11, 12, 13), hasOlder: true, hasNewer: false });
  });

  it("are extended by new lines, without duplicates after a reconnect", () => {
    segment.receive(numbered(14, 15), false);
    segment.receive(numbered(13, 14, 15, 16), true);
    expect(shown()).toEqual([11, 12, 13, 14, 15, 16]);
    expect(segment).toMatchObject({ arrived: 3, complete: true, atEnd: true });
  });

  it("find a line, or the next one after it", () => {
    expect([5, 11, 12, 13, 99].map((line) => segment.indexOf(line))).toEqual([0, 0, 1, 2, 3]);
  });

  it("exclude lines that cannot exist", () => {
    segment.begin({ lines: numbered(11, 15), hasOlder: true, hasNewer: false });
    expect([5, 11, 12, 15, 99].map((line) => segment.mayHave(line))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("a long choice", () => {
  let read: ReturnType<typeof reader>;
  let all: Line[];
  beforeEach(async () => {
    all = upTo(1, 5000);
    read = reader(() => all);
    segment = new LogSegment(byTime(read), { most: 1500 });
    await segment.reach(2500);
  });
  const contiguous = () => shown().every((line, at) => at === 0 || line === shown()[at - 1]! + 1);

  it("opens anywhere with one request", () => {
    expect(read).toHaveBeenCalledTimes(1);
    expect(segment.has(2500)).toBe(true);
    expect(segment).toMatchObject({ hasOlder: true, hasNewer: true, atEnd: false });
  });

  it("grows at the visible end, on both sides, without gaps", async () => {
    segment.look(0, 40);
    await vi.waitFor(() => expect(shown()[0]).toBe(1900));
    segment.look(segment.count - 40, segment.count);
    await vi.waitFor(() => expect(shown().at(-1)).toBe(3099));
    expect(contiguous()).toBe(true);
  });

  it("drops the far end, and reads it again", async () => {
    for (let step = 0; step < 9; step += 1) {
      const first = shown()[0]!;
      segment.look(0, 40);
      await vi.waitFor(() => expect(shown()[0]! < first || first === 1).toBe(true));
    }
    expect(segment.count).toBeLessThanOrEqual(1650);
    expect(segment).toMatchObject({ hasOlder: false, hasNewer: true });
    const last = shown().at(-1)!;
    segment.look(segment.count - 10, segment.count);
    await vi.waitFor(() => expect(shown().at(-1)).toBeGreaterThan(last));
    expect(contiguous()).toBe(true);
  });

  it("ignores a new line beyond a gap, and reads it later", async () => {
    segment.receive(upTo(5001, 5003), false);
    all = [...all, ...upTo(5001, 5003)];
    expect(segment).toMatchObject({ arrived: 3, hasNewer: true });
    expect(segment.has(5001)).toBe(false);
    await segment.reach(2_000_000_000);
    expect(shown().at(-1)).toBe(5003);
    segment.receive(upTo(5004, 5004), false);
    expect(shown().at(-1)).toBe(5004);
    expect(contiguous()).toBe(true);
  });

  it("is not complete when a line was written while the last page was read", async () => {
    await segment.reach(4600);
    const answers: (() => void)[] = [];
    const stale = { lines: upTo(4700, 5000), hasOlder: true, hasNewer: false };
    read.mockImplementationOnce(() => new Promise((resolve) => answers.push(() => resolve(stale as never))));
    segment.look(segment.count - 1, segment.count);
    segment.receive(upTo(5001, 5001), false);
    answers[0]!();
    await vi.waitFor(() => expect(shown().at(-1)).toBe(5000));
    expect(segment.hasNewer).toBe(true);
  });

  it("ignores a page of a position that was left meanwhile", async () => {
    const answers: (() => void)[] = [];
    const late = { lines: upTo(1900, 2499), hasOlder: true, hasNewer: true };
    read.mockImplementationOnce(() => new Promise((resolve) => answers.push(() => resolve(late as never))));
    segment.look(0, 40);
    await segment.reach(4000);
    answers[0]!();
    await new Promise((resolve) => setTimeout(resolve));
    expect(segment.has(2400)).toBe(false);
    expect(contiguous()).toBe(true);
  });

  it("is bounded while it follows, and drops the oldest lines first", () => {
    segment.begin({ lines: upTo(1, 1400), hasOlder: false, hasNewer: false });
    segment.look(1380, 1399);
    for (let from = 1401; from < 5000; from += 100) {
      segment.receive(upTo(from, from + 99), false);
      segment.look(segment.count - 20, segment.count - 1);
    }
    expect(segment.count).toBeLessThanOrEqual(1650);
    expect(segment).toMatchObject({ hasOlder: true, atEnd: true });
    expect(contiguous()).toBe(true);
  });

  it("does not drop visible lines above", () => {
    segment.begin({ lines: upTo(1, 1400), hasOlder: false, hasNewer: false });
    segment.look(0, 40);
    for (let from = 1401; from < 5000; from += 100) segment.receive(upTo(from, from + 99), false);
    expect(shown()[0]).toBe(1);
    expect(segment).toMatchObject({ hasNewer: true, arrived: 3600 });
  });
});

const of = (taskRunId: string, attempt: number, ...numbers: number[]) =>
  numbers.map((line) => aLine(line, { taskRunId, taskKey: taskRunId, attempt }));
const A1 = of("a", 1, 1, 3, 5);
const A2 = of("a", 2, 6, 9);
const B1 = of("b", 1, 2, 4, 7, 8);

it("separates attempts, the first one only at the beginning of the log", () => {
  segment = new LogSegment(byTime(reader(() => [])), { separated: true });
  segment.begin({ lines: [...A1, ...A2], hasOlder: true, hasNewer: false });
  const kinds = () =>
    Array.from({ length: segment.count }, (_, at) => {
      const row = segment.at(at)!;
      return row.kind === "line" ? row.line.line : `before ${row.before.line}`;
    });
  expect(kinds()).toEqual([1, 3, 5, "before 6", 6, 9]);
  segment.begin({ lines: [...A1, ...A2], hasOlder: false, hasNewer: false });
  expect(kinds()).toEqual(["before 1", 1, 3, 5, "before 6", 6, 9]);
  expect(segment.indexOf(6)).toBe(5);
});

describe("grouped by task and attempt", () => {
  let log: Line[];
  let groups: Groups;
  const list = [
    { taskRunId: "a", attempt: 1 },
    { taskRunId: "a", attempt: 2 },
    { taskRunId: "b", attempt: 1 },
  ];
  beforeEach(() => {
    log = [...A1, ...A2, ...B1].sort((one, other) => one.line - other.line);
    groups = new Groups(list);
    const readOf = ({ taskRunId, attempt }: { taskRunId: string; attempt: number }) =>
      reader(() => log.filter((line) => line.taskRunId === taskRunId && line.attempt === attempt));
    segment = new LogSegment(
      byTask(
        () => groups,
        reader(() => log),
        readOf,
      ),
      { separated: true },
    );
  });

  it("opens at the end with as many groups as needed", async () => {
    await segment.reach(2_000_000_000);
    expect(shown()).toEqual([1, 3, 5, 6, 9, 2, 4, 7, 8]);
    expect(segment).toMatchObject({ hasOlder: false, hasNewer: false });
  });

  it("opens at a line, with the groups after it, and reads those before it later", async () => {
    await segment.reach(9);
    expect(shown()).toEqual([6, 9, 2, 4, 7, 8]);
    expect(segment).toMatchObject({ hasOlder: true, hasNewer: false });
    segment.look(0, 3);
    await vi.waitFor(() => expect(shown()).toEqual([1, 3, 5, 6, 9, 2, 4, 7, 8]));
    expect(segment.hasOlder).toBe(false);
  });

  it("adds a new line at the end of its group", async () => {
    await segment.reach(2_000_000_000);
    segment.receive(of("a", 2, 10), false);
    segment.receive(of("b", 1, 11), false);
    expect(shown()).toEqual([1, 3, 5, 6, 9, 10, 2, 4, 7, 8, 11]);
  });

  it("adds a new task at the end", async () => {
    await segment.reach(2_000_000_000);
    segment.receive(of("c", 1, 10), false);
    groups = new Groups([...list, { taskRunId: "c", attempt: 1 }]);
    segment.receive(of("a", 2, 11), false);
    segment.receive(of("c", 1, 12), false);
    expect(shown()).toEqual([1, 3, 5, 6, 9, 11, 2, 4, 7, 8, 10, 12]);
  });

  it("reorders with the groups, without duplicates", async () => {
    await segment.reach(2_000_000_000);
    groups = new Groups([list[2]!, list[0]!, list[1]!]);
    segment.receive(of("a", 1, 10), false);
    segment.reorder();
    expect(shown()).toEqual([2, 4, 7, 8, 1, 3, 5, 10, 6, 9]);
    const version = segment.getVersion();
    segment.reorder();
    expect(segment.getVersion(), "nothing has changed").toBe(version);
  });

  it("reads on from an ignored line that is now within the order", async () => {
    await segment.reach(2_000_000_000);
    segment.hasNewer = true;
    const late = of("c", 1, 10);
    log = [...log, ...late];
    segment.receive(late, false);
    groups = new Groups([list[0]!, { taskRunId: "c", attempt: 1 }, list[1]!, list[2]!]);
    segment.reorder();
    expect(shown()).toEqual([1, 3, 5]);
    segment.look(0, 3);
    await vi.waitFor(() => expect(shown()).toEqual([1, 3, 5, 10, 6, 9, 2, 4, 7, 8]));
  });

  it("skips groups without lines of the choice", async () => {
    log = [...A1, ...B1];
    await segment.reach(3);
    expect(shown()).toEqual([1, 3, 5, 2, 4, 7, 8]);
  });

  it("is empty where nothing was logged", async () => {
    groups = new Groups([]);
    await segment.reach(2_000_000_000);
    expect(segment).toMatchObject({ count: 0, hasOlder: false, hasNewer: false });
  });
});
