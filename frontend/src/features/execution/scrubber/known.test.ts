import { describe, expect, it } from "vitest";
import { allOf, isWhole, type Known, NOTHING, withLive, withNewest, withOlder } from "./known";
import type { Event } from "./marks";

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ seq: from + at }) as Event);
const seqs = (known: Known) => allOf(known).map(({ seq }) => seq);

const ends = withOlder(withNewest(NOTHING, range(8, 10)), range(1, 3));

it("has both ends at once, and a gap between them", () => {
  expect(seqs(ends)).toEqual([1, 2, 3, 8, 9, 10]);
  expect(isWhole(ends)).toBe(false);
});

it("is whole when the pages in between reach the last ones, each event once", () => {
  const all = withOlder(withOlder(ends, range(4, 6)), range(7, 9));
  expect(seqs(all)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(isWhole(all)).toBe(true);
});

it("is whole at once when one page has all events", () =>
  expect(isWhole(withNewest(NOTHING, range(1, 3)))).toBe(true));

describe("live events", () => {
  it("are appended once", () => {
    const grown = withLive(ends, range(10, 12));
    expect(seqs(grown)).toEqual([1, 2, 3, 8, 9, 10, 11, 12]);
    expect(withLive(grown, range(10, 12))).toBe(grown);
  });
  it("are appended to the oldest page when the newest is missing", () =>
    expect(seqs(withLive(withOlder(NOTHING, range(1, 3)), range(4, 5)))).toEqual([1, 2, 3, 4, 5]));
  it("wait behind a gap until the newest page is read again", () => {
    expect(withLive(ends, range(15, 16))).toBe(ends);
    const again = withNewest(ends, range(14, 16));
    expect(seqs(again)).toEqual([1, 2, 3, 14, 15, 16]);
    expect(isWhole(again)).toBe(false);
  });
});

it("keeps the last ones when the newest page follows them", () =>
  expect(seqs(withNewest(ends, range(10, 12)))).toEqual([1, 2, 3, 8, 9, 10, 11, 12]));
