import { describe, expect, it } from "vitest";
import type { TaskRunRow } from "@/entities/execution/record";
import { aRun, done, failed, notRun, START } from "@/testing/taskRuns";
import { criticalPath } from "./critical";

const path = (...tasks: TaskRunRow[]) =>
  criticalPath(tasks).map(({ id, from, to }) => [
    id.replace("run_", ""),
    (from - START) / 1000,
    to === null ? null : (to - START) / 1000,
  ]);

describe("the critical path", () => {
  it("goes back from the end through the need that ended last", () => {
    expect(
      path(
        done("extract", 0, 5),
        done("calendar", 0, 2),
        done("validate", 5, 9, { needs: ["extract", "calendar"] }),
        done("schema", 5, 6, { needs: ["extract"] }),
        failed("load", 9, 20, { needs: ["validate", "schema"] }),
        notRun("publish", { needs: ["load"] }),
      ),
    ).toEqual([
      ["extract", 0, 5],
      ["validate", 5, 9],
      ["load", 9, 20],
    ]);
  });

  it("ends with the running task", () => {
    expect(
      path(
        done("a", 0, 2),
        done("b", 0, 50),
        aRun("c", [["RUNNING", 2]], { needs: ["a"] }),
        aRun("later", [["CREATED", 0]], { needs: ["c"] }),
      ),
    ).toEqual([
      ["a", 0, 2],
      ["c", 2, null],
    ]);
  });

  it("begins when the need ended, not before", () => {
    expect(path(done("a", 0, 5), done("b", 3, 9, { needs: ["a"] }))[1]).toEqual(["b", 5, 9]);
  });

  it("counts a foreach as one task", () => {
    expect(
      path(
        done("each", 0, 9, { type: "foreach" }),
        done("each[0].load", 0, 30),
        done("after", 9, 10, { needs: ["each"] }),
      ).map(([key]) => key),
    ).toEqual(["each", "after"]);
  });

  it.each([
    ["of nothing", []],
    ["of one task", [done("only", 0, 1)]],
    ["of parallel tasks", [done("a", 0, 1), done("b", 0, 2)]],
  ])("%s is empty", (_, tasks) => expect(path(...tasks)).toEqual([]));

  it("terminates for a cycle, which no flow has", () => {
    expect(path(done("a", 0, 1, { needs: ["b"] }), done("b", 0, 2, { needs: ["a"] }))).toHaveLength(2);
  });
});
