import { describe, expect, it } from "vitest";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import { aRun, START, timeOf } from "@/testing/taskRuns";
import { extentOf, type SegmentKind, segmentsOf } from "./segments";

type Drawn = [SegmentKind, number, number | null];
const drawn = (history: [TaskRunState, number][], type?: string): Drawn[] =>
  segmentsOf(aRun("load", history, type === undefined ? {} : { type })).map(({ kind, from, to }) => [
    kind,
    (from - START) / 1000,
    to === null ? null : (to - START) / 1000,
  ]);

describe("the bar of a task run", () => {
  it.each<[string, [TaskRunState, number][], Drawn[]]>([
    ["that is only planned is empty", [["CREATED", 0]], []],
    ["that waits in a queue", [["CREATED", 0], ["QUEUED", 1]], [["queued", 1, null]]],
    [
      "that runs lasts until now",
      [["QUEUED", 1], ["RUNNING", 2]],
      [["queued", 1, 2], ["active", 2, null]],
    ],
    [
      "that succeeded",
      [["QUEUED", 1], ["RUNNING", 2], ["SUCCESS", 5]],
      [["queued", 1, 2], ["good", 2, 5]],
    ],
    [
      "that was retried shows the failed attempt and the wait",
      [["RUNNING", 0], ["RETRYING", 2], ["RUNNING", 4], ["FAILED", 5]],
      [["failed", 0, 2], ["retry", 2, 4], ["failed", 4, 5]],
    ],
    [
      "that was requeued, as when its worker was lost",
      [["RUNNING", 0], ["QUEUED", 3], ["RUNNING", 4]],
      [["failed", 0, 3], ["queued", 3, 4], ["active", 4, null]],
    ],
    [
      "that waits for an approval",
      [["RUNNING", 0], ["WAITING_FOR_APPROVAL", 1]],
      [["good", 0, 1], ["ask", 1, null]],
    ],
    ["with a warning", [["RUNNING", 0], ["WARNING", 1]], [["warn", 0, 1]]],
    [
      "that was killed",
      [["RUNNING", 0], ["KILLING", 1], ["KILLED", 3]],
      [["stopped", 0, 1], ["stopped", 1, 3]],
    ],
    ["from the cache is a moment", [["CREATED", 0], ["CACHED", 2]], [["good", 2, 2]]],
    ["that never ran is empty", [["CREATED", 0], ["CANCELLED", 9]], []],
    [
      "that was restarted has a gap",
      [["RUNNING", 0], ["FAILED", 1], ["QUEUED", 60], ["RUNNING", 61]],
      [["failed", 0, 1], ["queued", 60, 61], ["active", 61, null]],
    ],
    ["whose worker's clock runs behind ends no earlier than it starts", [["RUNNING", 5], ["SUCCESS", 3]], [["good", 5, 5]]],
  ])("%s", (_, history, expected) => expect(drawn(history)).toEqual(expected)); // biome-ignore format: a table

  it("that waits for a time has a pattern", () => {
    expect(drawn([["RUNNING", 0]], "wait")).toEqual([["time", 0, null]]);
  });

  it("without a history is from its start to its end", () => {
    const task = aRun("load", [], { state: "SUCCESS", startedAt: timeOf(1), endedAt: timeOf(3) });
    expect(segmentsOf(task)).toEqual([{ kind: "good", from: START + 1000, to: START + 3000 }]);
  });

  it("is computed once for each row", () => {
    const task = aRun("load", [["RUNNING", 0]]);
    expect(segmentsOf(task)).toBe(segmentsOf(task));
  });
});

it("the extent of a bar is from its queueing to its last end", () => {
  expect(extentOf(aRun("a", [["QUEUED", 1], ["RUNNING", 2], ["SUCCESS", 5]]))).toEqual({ from: START + 1000, to: START + 5000 }); // biome-ignore format: one line
  expect(extentOf(aRun("a", [["RUNNING", 2]]))?.to).toBeNull();
  expect(extentOf(aRun("a"))).toBeUndefined();
});
