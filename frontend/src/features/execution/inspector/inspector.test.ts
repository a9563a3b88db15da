import { describe, expect, it } from "vitest";
import { recordOf } from "@/entities/execution/record";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";
import { anApproval, aSnapshot, aTask } from "@/testing/fixtures";
import { crumbsOf } from "./crumbs";
import { countOf, defaultTab, shownTab, TABS, tabsOf } from "./tabs";

describe("crumbsOf", () => {
  it.each([
    ["load", [["load", "load"]]],
    [
      "each[3].fetch",
      [
        ["each [3]", "each"],
        ["fetch", "each[3].fetch"],
      ],
    ],
    [
      "a[1].b[2].c",
      [
        ["a [1]", "a"],
        ["b [2]", "a[1].b"],
        ["c", "a[1].b[2].c"],
      ],
    ],
  ])("%s", (key, crumbs) => expect(crumbsOf(key).map(({ words, task }) => [words, task])).toEqual(crumbs));
});

const attempts = [{ ...({} as never as object), id: "att_1" }] as never[];
const asks = aTask("ask", { state: "WAITING_FOR_APPROVAL", attempts });
const record = recordOf(aSnapshot({ taskRuns: [asks], approvals: [anApproval()] }));
const quiet = recordOf(aSnapshot());

describe("the default tab", () => {
  it.each<[TaskRunState, string]>([
    ["FAILED", "logs"],
    ["ERROR", "logs"],
    ["KILLED", "logs"],
    ["RUNNING", "logs"],
    ["RETRYING", "logs"],
    ["SUCCESS", "overview"],
    ["CACHED", "overview"],
    ["CREATED", "overview"],
    ["SKIPPED", "overview"],
  ])("of a task in %s: %s", (state, tab) =>
    expect(defaultTab({ record: quiet, taskRun: aTask("a", { state, attempts }) })).toBe(tab),
  );
  it("of a task that failed before its first attempt: overview", () =>
    expect(defaultTab({ record: quiet, taskRun: aTask("a", { state: "FAILED" }) })).toBe("overview"));
  it("of a task that waits for an approval: approvals", () =>
    expect(defaultTab({ record, taskRun: asks })).toBe("approvals"));
  it("of the whole execution: overview", () =>
    expect(defaultTab({ record, taskRun: undefined })).toBe("overview"));
  it("is the tab of the URL if it exists", () => {
    expect(shownTab({ record, taskRun: undefined }, "events")).toBe("events");
    expect(shownTab({ record: quiet, taskRun: undefined }, "approvals")).toBe("overview");
    expect(shownTab({ record: quiet, taskRun: undefined }, "nonsense")).toBe("overview");
  });
});

it("offers approvals only where one was requested, and shows known counts", () => {
  expect(tabsOf({ record, taskRun: undefined })).toEqual(Object.keys(TABS));
  expect(tabsOf({ record, taskRun: aTask("other") })).not.toContain("approvals");
  expect(countOf("approvals", { record, taskRun: undefined })).toBe(1);
  expect(countOf("events", { record, taskRun: undefined })).toBe(3);
  expect(countOf("events", { record, taskRun: asks })).toBe(0);
});
