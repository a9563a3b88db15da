import { describe, expect, it } from "vitest";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import { aTask } from "@/testing/fixtures";
import { type Branch, branchesOf, countsOf, failedFirst, foldingOf, itemWords, shortKey } from "./tree";

function words({ task, iterations }: Branch): unknown {
  if (!iterations.length) return task.key;
  return [task.key, iterations.map(({ index, branches }) => [index, branches.map(words)])];
}

/** The iterations of a foreach, each with one task for each of its states. */
function iterationsOf(...iterations: TaskRunState[][]) {
  const inside = iterations.flatMap((states, index) =>
    states.map((state, at) => aTask(`each[${index}].task${at}`, { state })),
  );
  return branchesOf([aTask("each", { state: "RUNNING" }), ...inside])[0]!.iterations;
}

describe("task runs", () => {
  it("of iterations stand under their foreach, also nested, in the order of their indexes", () => {
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

  it("whose foreach is not there stand by themselves", () => {
    expect(branchesOf([aTask("each[0].load")]).map(words)).toEqual(["each[0].load"]);
  });

  it.each([
    ["load", "load"],
    ["each[3].load", "load"],
    ["a[1].b[2].c-d_e", "c-d_e"],
  ])("%s is %s among its own", (key, short) => {
    expect(shortKey(key)).toBe(short);
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

describe("many iterations", () => {
  const many = iterationsOf(
    ...Array.from({ length: 1000 }, (_, index): TaskRunState[] => {
      if (index === 999) return ["RUNNING"];
      return [index === 12 || index === 700 ? "FAILED" : "SUCCESS"];
    }),
  );
  const indexes = (iterations: readonly { index: number }[]) => iterations.map(({ index }) => index);

  it("are counted by state", () => {
    expect(countsOf(many).map((count) => count.words)).toEqual(["997 succeeded", "2 failed", "1 running"]);
  });

  it("show those that failed, and all when asked, those that failed first", () => {
    expect(indexes(foldingOf(many, false).shown)).toEqual([12, 700]);
    expect(foldingOf(many, false).folded).toBe(998);
    const all = foldingOf(many, true);
    expect([all.shown.length, all.folded]).toEqual([1000, 0]);
    expect(indexes(all.shown).slice(0, 4)).toEqual([12, 700, 0, 1]);
  });

  it("show the first five of more that failed", () => {
    const failing = iterationsOf(...Array.from({ length: 9 }, (): TaskRunState[] => ["FAILED"]));
    expect(indexes(foldingOf(failing, false).shown)).toEqual([0, 1, 2, 3, 4]);
    expect(foldingOf(failing, false).folded).toBe(4);
  });

  it("are not folded when they are few", () => {
    const few = iterationsOf(["SUCCESS"], ["FAILED"], ["RUNNING"]);
    expect(foldingOf(few, false)).toEqual({ shown: few, folded: 0 });
    expect(indexes(failedFirst(few))).toEqual([1, 0, 2]);
  });
});

it.each([
  ["orders", "orders"],
  [{ table: "orders" }, '{"table":"orders"}'],
  [7, "7"],
  [undefined, ""],
  ["x".repeat(90), `${"x".repeat(79)}…`],
])("%o in a few characters", (item, text) => {
  expect(itemWords(item)).toBe(text);
});
