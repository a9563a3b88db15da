import { describe, expect, it } from "vitest";
import { START, timeOf } from "@/testing/taskRuns";
import { type Event, indexOfSeq, kindOf, marksOf, nearest, strokes } from "./marks";

const event = (seq: number, at = seq, over: Partial<Event> = {}): Event => ({
  seq,
  at: timeOf(at),
  type: "PROGRESS_REPORTED",
  toState: null,
  ...over,
});
const range = { from: START, to: START + 100_000 };
const failure = (seq: number, at: number) =>
  event(seq, at, { type: "TASK_RUN_STATE_CHANGED", toState: "FAILED" });
const question = (seq: number, at: number) => event(seq, at, { type: "APPROVAL_REQUESTED" });

it.each([
  [event(1), "plain"],
  [failure(1, 1), "bad"],
  [event(1, 1, { type: "ATTEMPT_ENDED", toState: "LOST" }), "bad"],
  [question(1, 1), "ask"],
  [event(1, 1, { toState: "WAITING_FOR_APPROVAL" }), "ask"],
  [event(1, 1, { toState: "SUCCESS" }), "plain"],
])("%# is marked by its kind", (given, kind) => expect(kindOf(given)).toBe(kind));

describe("ticks", () => {
  it("are at the times of their events on the axis", () => {
    const marks = marksOf([event(1, 0), failure(2, 50), question(3, 75)], range, 200);
    expect(marks).toEqual({ plain: [0], bad: [100], ask: [150] });
  });
  it("of many events are merged by pixel, and failures take precedence", () => {
    const events = Array.from({ length: 5000 }, (_, index) => event(index, index / 50));
    const marks = marksOf([...events, failure(5000, 50), question(5001, 50), event(5002, 50)], range, 300);
    expect(marks.plain.length).toBeLessThanOrEqual(101);
    expect(marks.bad).toEqual([150]);
    expect(marks.ask).toEqual([]);
  });
  it("outside the axis are left out", () => {
    expect(marksOf([event(1, -5), event(2, 105)], range, 200).plain).toEqual([]);
  });
  it("are strokes of one path", () => expect(strokes([1, 5], 8, 8)).toBe("M1.5 8v8M5.5 8v8"));
});

describe("the event at a place", () => {
  const events = [event(3, 10), event(5, 20), event(6, 20), event(9, 40)];
  it.each([
    [5, 0],
    [10, 0],
    [14, 0],
    [16, 2],
    [20, 2],
    [31, 3],
    [99, 3],
  ])("%i s is the nearest in time", (at, index) => expect(nearest(events, START + at * 1000)).toBe(index));
  it.each([
    [2, -1],
    [3, 0],
    [4, 0],
    [6, 2],
    [100, 3],
  ])("seq %i is the last up to it", (seq, index) => expect(indexOfSeq(events, seq)).toBe(index));
  it("does not exist without events", () =>
    expect([nearest([], START), indexOfSeq([], 4)]).toEqual([-1, -1]));
});
