import { describe, expect, it } from "vitest";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import { formatInteger } from "@/shared/lib/number";
import { aTask } from "@/testing/fixtures";
import { type Branch, branchesOf, countsOf } from "./tree";

function words({ task, iterations }: Branch): unknown {
  if (!iterations.length) return task.key;
  return [task.key, iterations.map(({ index, branches }) => [index, branches.map(words)])];
}

/** The iterations of a foreach, each with one task for each given state. */
function iterationsOf(...iterations: TaskRunState[][]) {
  const inside = iterations.flatMap((states, index) =>
    states.map((state, at) => aTask(`each[${index}].task${at}`, { state })),
  );
  return branchesOf([aTask("each", { state: "RUNNING" }), ...inside])[0]!.iterations;
}

describe("task runs", () => {
  it("of iterations are under their foreach, also nested, in the order of their indexes", () => {
    const keys = ["each", "each[10].load", "each[2].load", "each[2].inner", "each[2].inner[0].deep", "after"];
    expect(branchesOf(keys.map((key) => aTask(key))).map(words)).toEqual([
      [
        "each",
        [
          [2, ["each[2].load", ["each[2].inner", [[0, ["each[2].inner[0].deep"]]]]]],
          [10, ["each[10].load"]],
        ],
      ],
      "after",
    ]);
  });

  it("whose foreach is missing are at the top level", () => {
    expect(branchesOf([aTask("each[0].load")]).map(words)).toEqual(["each[0].load"]);
  });
});

it.each<[TaskRunState[], TaskRunState]>([
  [["SUCCESS"], "SUCCESS"],
  [["SUCCESS", "FAILED", "CANCELLED"], "FAILED"],
  [["FAILED", "RUNNING"], "FAILED"],
  [["SUCCESS", "RUNNING", "CREATED"], "RUNNING"],
  [["SUCCESS", "RETRYING"], "RETRYING"],
  [["SUCCESS", "CREATED"], "RUNNING"],
  [["QUEUED", "CREATED"], "QUEUED"],
  [["CREATED", "CREATED"], "CREATED"],
  [["SUCCESS", "WARNING"], "WARNING"],
  [["CACHED", "SUCCESS"], "SUCCESS"],
  [["CANCELLED", "CANCELLED"], "CANCELLED"],
  [["SKIPPED"], "SKIPPED"],
  [["SUCCESS", "WAITING_FOR_APPROVAL"], "WAITING_FOR_APPROVAL"],
])("an iteration of %j is %s", (states, expected) => {
  expect(iterationsOf(states)[0]!.state).toBe(expected);
});

it("many iterations are counted by state", () => {
  const many = iterationsOf(
    ...Array.from({ length: 2000 }, (_, index): TaskRunState[] => {
      if (index === 1999) return ["RUNNING"];
      return [index === 12 || index === 700 ? "FAILED" : "SUCCESS"];
    }),
  );
  const words = countsOf(many).map((count) => count.words);
  expect(words).toEqual([`${formatInteger(1997)} succeeded`, "2 failed", "1 running"]);
});
