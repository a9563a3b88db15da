import { describe, expect, it } from "vitest";
import type { Event } from "./events";
import { type History, hasHole, PAGE, withEarlier, withLive, withNewest } from "./history";

const event = (seq: number, task = "a") => ({ seq, taskRun: { id: task, key: task } }) as Event;
const range = (from: number, to: number, task = "a") =>
  Array.from({ length: to - from + 1 }, (_, at) => event(from + at, task));
const seqs = ({ events }: History) => events.map(({ seq }) => seq);
const ends = (history: History) => [
  history.events[0]?.seq,
  history.events.at(-1)?.seq,
  history.events.length,
];

describe("the newest page", () => {
  it("is the whole history when it is not full", () =>
    expect(withNewest(undefined, range(1, 3), 3)).toEqual({ events: range(1, 3), to: 3, whole: true }));

  it("is appended to earlier pages", () => {
    const known = withEarlier(withNewest(undefined, range(2001, 3000), 3000), range(1001, 2000), 2001);
    const again = withNewest(known, range(2501, 3500), 3500);
    expect(ends(again)).toEqual([1001, 3500, 2500]);
    expect(again.whole).toBe(false);
  });

  it("drops the events before a gap, so that they can be read again", () => {
    const known = withEarlier(withNewest(undefined, range(2001, 3000), 3000), range(1001, 2000), 2001);
    const behind = withNewest({ ...known, whole: true }, range(4002, 5001), 5001);
    expect(ends(behind)).toEqual([4002, 5001, PAGE]);
    expect(behind.whole).toBe(false);
    expect(ends(withEarlier(behind, range(3002, 4001), 4002))).toEqual([3002, 5001, 2000]);
  });

  it("of a task without events for a long time is no gap", () => {
    const known = withNewest(undefined, range(1, 3), 50);
    expect(hasHole(known, { events: [event(51)], seq: 51 })).toBe(false);
    expect(hasHole(known, { events: [event(52)], seq: 52 })).toBe(true);
    expect(hasHole(known, { events: [], seq: 51 })).toBe(true);
  });
});

describe("an earlier page", () => {
  it("is the first page when it is not full", () => {
    const known = withNewest(undefined, range(501, 1500), 1500);
    const all = withEarlier(known, range(1, 500), 501);
    expect([ends(all), all.whole]).toEqual([[1, 1500, 1500], true]);
  });
  it("is added only once", () => {
    const known = withNewest(undefined, range(1501, 2500), 2500);
    const once = withEarlier(known, range(501, 1500), 1501);
    expect(withEarlier(once, range(501, 1500), 1501)).toBe(once);
  });
});

describe("a live event", () => {
  const known = withNewest(undefined, range(1, 3), 3);
  it("is appended once, and stays when the record is replaced", () => {
    const grown = withLive(known, { events: range(3, 5), seq: 5 }, undefined);
    expect(seqs(grown)).toEqual([1, 2, 3, 4, 5]);
    expect(withLive(grown, { events: [], seq: 5 }, undefined)).toBe(grown);
    expect(seqs(withLive(grown, { events: [event(6)], seq: 6 }, undefined))).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("waits while events in between are missing", () => {
    const live = { events: [event(7)], seq: 7 };
    expect(withLive(known, live, undefined)).toBe(known);
    expect(hasHole(known, live)).toBe(true);
  });
  it("is filtered by the task run, if one is given", () => {
    const live = { events: [event(4, "b"), event(5, "a"), event(6, "b")], seq: 6 };
    const grown = withLive(known, live, "a");
    expect(seqs(grown)).toEqual([1, 2, 3, 5]);
    expect(grown.to).toBe(6);
  });
});
