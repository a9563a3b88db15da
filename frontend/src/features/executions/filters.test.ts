import { describe, expect, it } from "vitest";
import { chipsOf, QUICK, quickOf, statesOf, whereOf, withStates } from "./filters";

describe("statesOf", () => {
  it.each([
    [undefined, []],
    ["", []],
    ["FAILED", ["FAILED"]],
    ["failed, running", ["RUNNING", "FAILED"]],
    ["FAILED,NONSENSE,FAILED", ["FAILED"]],
  ])("%s", (state, states) => expect(statesOf({ state })).toEqual(states));
});

describe("whereOf", () => {
  it.each([
    ["nothing", {}, undefined],
    ["blank words", { flow: "  ", state: "x" }, undefined],
    ["a state", { state: "FAILED" }, { state: { in: ["FAILED"] } }],
    ["a flow", { flow: "etl" }, { flow: { eq: "etl" } }],
    ["a prefix", { namespace: "acme.*" }, { namespace: { prefix: "acme." } }],
    [
      "everything",
      {
        state: "RUNNING,FAILED",
        flow: "etl",
        namespace: "acme",
        kind: "train",
        trigger: "schedule",
        subflows: "hidden",
      },
      {
        state: { in: ["RUNNING", "FAILED"] },
        flow: { eq: "etl" },
        namespace: { eq: "acme" },
        kind: { eq: "train" },
        trigger: ["SCHEDULE"],
        isChild: false,
      },
    ],
    ["no trigger", { trigger: "nonsense" }, undefined],
    ["what is not hidden", { subflows: "shown" }, undefined],
  ])("%s", (_, search, where) => expect(whereOf(search)).toEqual(where));
});

describe("chipsOf", () => {
  it("names each filter and what is left without it", () => {
    const search = { state: "SUCCESS,FAILED", flow: "etl", kind: "train" };
    expect(chipsOf(search)).toEqual([
      { key: "state", name: "State", value: "Failed or Success", without: { ...search, state: undefined } },
      { key: "flow", name: "Flow", value: "etl", without: { ...search, flow: undefined } },
      { key: "kind", name: "Kind", value: "train", without: { ...search, kind: undefined } },
    ]);
  });
  it("is empty without filters", () => expect(chipsOf({})).toEqual([]));
  it("uses a quick view's name", () =>
    expect(chipsOf(withStates({}, QUICK[1]!.states))[0]!.value).toBe("Executing"));
});

describe("quickOf", () => {
  it.each(QUICK.map((quick) => [quick.name, quick] as const))("finds %s", (_, quick) => {
    expect(quickOf(withStates({ flow: "etl" }, quick.states))).toBe(quick);
  });
  it("knows when it is none", () => expect(quickOf({ state: "SUCCESS" })).toBeUndefined());
});
