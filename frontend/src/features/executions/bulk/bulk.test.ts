import { describe, expect, it } from "vitest";
import { NOTHING } from "../selection/selection";
import { BULK, inputOf, isReady, labelsOf, MORE, ON_THE_BAR, reachOf, resultOf } from "./bulk";

describe("bulk actions", () => {
  it("are the actions of the registry that take a list, three of them on the bar", () => {
    expect(ON_THE_BAR.map((one) => one.word)).toEqual(["Restart", "Cancel", "Labels"]);
    expect(MORE.map((one) => one.action)).toContain("DELETE");
    expect(BULK.map((one) => one.action)).not.toContain("PREPARE_EXECUTION");
  });
  it("apply to the selected executions, or to all that match", () => {
    const picked = { ...NOTHING, ids: new Set(["a", "b"]) };
    expect(inputOf("CANCEL", picked, { where: null, search: "x" }, {})).toEqual({
      action: "CANCEL",
      ids: ["a", "b"],
    });
    const all = { ...NOTHING, all: true };
    expect(inputOf("CANCEL", all, { where: null, search: "x" }, {})).toEqual({
      action: "CANCEL",
      where: {},
      search: "x",
    });
  });
  it("require their inputs", () => {
    expect(isReady("CANCEL", {})).toBe(true);
    expect(isReady("SET_LABELS", { labels: [] })).toBe(false);
    expect(isReady("CHANGE_STATE", { state: "FAILED" })).toBe(true);
    expect(isReady("ADD_NOTE", { text: " " })).toBe(false);
  });
});

it("parses labels line by line", () =>
  expect(labelsOf("team=data\nnothing\n env = prod=eu \n=x")).toEqual([
    { key: "team", value: "data" },
    { key: "env", value: "prod=eu" },
  ]));

it("describe their reach and their outcome", () => {
  expect(reachOf({ wouldApply: 1198, total: 1204 })).toBe("1\u2009198 of 1\u2009204 executions");
  const counts = { total: 3, done: 1, refused: 1, left: 1 };
  expect(resultOf({ id: "b", action: "RESTART", state: "RUNNING", progress: 0.5, counts })).toBe(
    "Working: 1 done, 1 refused, 1 left",
  );
  expect(
    resultOf({
      id: "b",
      action: "RESTART",
      state: "DONE",
      progress: 1,
      counts: { ...counts, refused: 0, left: 0 },
    }),
  ).toBe("Done: 1 done");
});
