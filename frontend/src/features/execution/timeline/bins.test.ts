import { describe, expect, it } from "vitest";
import { branchesOf } from "@/entities/taskRun/tree";
import { aRun, done, failed, START } from "@/testing/taskRuns";
import { binsOf } from "./bins";

const range = { from: START, to: START + 100_000 };
const each = aRun("each", [["RUNNING", 0]], { type: "foreach" });
const bins = (tasks: ReturnType<typeof aRun>[], count?: number) =>
  binsOf(branchesOf([each, ...tasks])[0]!.iterations, range, count);

describe("the ends of iterations", () => {
  it("have a mark each where there is room", () => {
    const marks = bins([done("each[0].a", 0, 10), failed("each[1].a", 0, 50)], 100);
    expect(marks).toEqual([
      { left: 10, succeeded: 1, failed: 0, share: 1 },
      { left: 50, succeeded: 0, failed: 1, share: 1 },
    ]);
  });

  it("of thousands are merged into distinguishable marks, and all are counted", () => {
    const tasks = Array.from({ length: 3000 }, (_, index) => done(`each[${index}].a`, 0, 1 + (index % 97)));
    const marks = bins([...tasks, failed("each[3000].a", 0, 50)], 40);
    expect(marks.length).toBeLessThanOrEqual(41);
    expect(marks.reduce((sum, mark) => sum + mark.succeeded, 0)).toBe(3000);
    expect(marks.filter((mark) => mark.failed)).toHaveLength(1);
    expect(Math.max(...marks.map(({ share }) => share))).toBe(1);
  });

  it("count from the end of their last task", () => {
    expect(bins([done("each[0].a", 0, 10), done("each[0].b", 10, 30)], 100)[0]!.left).toBe(30);
    expect(bins([done("each[0].a", 0, 10), aRun("each[0].b", [["RUNNING", 10]])])).toEqual([]);
    expect(bins([aRun("each[0].a", [["CREATED", 0]])])).toEqual([]);
  });

  it("outside the axis are left out", () => {
    expect(bins([done("each[0].a", 0, 400)])).toEqual([]);
  });
});
