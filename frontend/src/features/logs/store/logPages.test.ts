import { beforeEach, describe, expect, it, vi } from "vitest";
import { aLine } from "@/testing/fixtures";
import type { LinePage } from "../choice";
import { LogPages } from "./logPages";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => aLine(from + at));

/** As the server does: as many lines before the given one as from it on, if there are. */
function served(total: number) {
  return vi.fn(async (around: number, first: number): Promise<LinePage | undefined> => {
    const from = Math.max(1, Math.min(around - first / 2, total - first + 1));
    const to = Math.min(total, from + first - 1);
    return { lines: lines(from, to), hasOlder: from > 1, hasNewer: to < total };
  });
}

const text = (pages: LogPages, index: number) => {
  const row = pages.at(index);
  return row?.kind === "line" ? row.line.text : undefined;
};

let read: ReturnType<typeof served>;
let pages: LogPages;
const settled = () => vi.waitFor(() => expect(pages.at(0) ?? read.mock.calls.length).toBeTruthy());

beforeEach(() => {
  read = served(10_000_000);
  pages = new LogPages(10_000_000, read);
});

it("has a row for each line before it is read", () => {
  expect(pages.count).toBe(10_000_000);
  expect(pages.at(5_000_000)).toBeUndefined();
  expect(pages.indexOf(5_000_000)).toBe(4_999_999);
  expect([0, 1, 10_000_000, 10_000_001].map((line) => pages.has(line))).toEqual([false, true, true, false]);
});

it("reaches any line with one request", async () => {
  await pages.reach(7_654_321);
  expect(text(pages, 7_654_320)).toBe("line 7654321");
  await pages.reach(7_654_322);
  expect(read).toHaveBeenCalledTimes(1);
});

it("reads visible lines, from both of their pages", async () => {
  pages.look(480, 520);
  await vi.waitFor(() => expect(text(pages, 520)).toBe("line 521"));
  expect(text(pages, 480)).toBe("line 481");
  expect(read).toHaveBeenCalledTimes(2);
});

it("sends one request at a time, for the last visible lines", async () => {
  for (let place = 0; place < 1_000_000; place += 10_000) pages.look(place, place + 40);
  pages.look(5_000_000, 5_000_040);
  await vi.waitFor(() => expect(text(pages, 5_000_000)).toBe("line 5000001"));
  await settled();
  expect(read.mock.calls.length).toBeLessThanOrEqual(3);
});

it("retries a failed page when it is visible again", async () => {
  read.mockResolvedValueOnce(undefined);
  pages.look(0, 40);
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(1));
  await new Promise((resolve) => setTimeout(resolve));
  expect(read).toHaveBeenCalledTimes(1);
  pages.look(0, 40);
  await vi.waitFor(() => expect(text(pages, 0)).toBe("line 1"));
});

it("does not request a missing line forever", async () => {
  read.mockImplementation(async () => ({ lines: lines(1, 3), hasOlder: false, hasNewer: true }));
  pages.look(0, 40);
  await vi.waitFor(() => expect(text(pages, 0)).toBe("line 1"));
  pages.look(0, 41);
  await new Promise((resolve) => setTimeout(resolve));
  expect(read).toHaveBeenCalledTimes(1);
  expect(pages.at(5)).toBeUndefined();
});

it("evicts the least recently used pages", async () => {
  const small = new LogPages(10_000_000, read, 3);
  for (const line of [1, 100_001, 200_001, 300_001]) await small.reach(line);
  expect([0, 100_000, 200_000, 300_000].map((index) => small.at(index) !== undefined)).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

describe("a new line", () => {
  beforeEach(() => {
    read = served(10);
    pages = new LogPages(10, read);
    pages.add({ lines: lines(6, 10) });
  });

  it("extends the log, without duplicates after a reconnect", () => {
    pages.receive(lines(11, 13), false);
    pages.receive(lines(12, 14), true);
    expect(pages).toMatchObject({ count: 14, arrived: 4, complete: true });
    expect(text(pages, 13)).toBe("line 14");
  });

  it("notifies components once per batch, and searches of each line", () => {
    const drawn = vi.fn();
    const onLines = vi.fn();
    const stop = pages.subscribe(drawn);
    pages.onLines(onLines);
    pages.receive(lines(11, 12), false);
    expect(drawn).toHaveBeenCalledTimes(1);
    expect(onLines).toHaveBeenCalledWith(lines(11, 12));
    stop();
    pages.reopen();
    expect(drawn).toHaveBeenCalledTimes(1);
  });

  it("keeps memory bounded", () => {
    const long = new LogPages(0, read, 4);
    for (let from = 1; from < 50_000; from += 500) long.receive(lines(from, from + 499), false);
    const kept = Array.from({ length: long.count }, (_, index) => long.at(index)).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(2500);
    expect(text(long, long.count - 1)).toBe(`line ${long.count}`);
  });
});
