import { expect, it } from "vitest";
import { aSnapshot, aTask } from "@/testing/fixtures";
import {
  commitWords,
  labelSearch,
  progressOf,
  progressWords,
  runAgainOf,
  titleOf,
  triggerWords,
} from "./facts";

it("links a label to the list filtered by it", () => {
  expect(labelSearch({ key: "team", value: "data" })).toEqual({ q: "label.team:data" });
  expect(labelSearch({ key: "my team", value: "a b" })).toEqual({ q: 'label."my team":"a b"' });
  expect(labelSearch({ key: "a=OR", value: "OR" })).toEqual({ q: 'label."a=OR":"OR"' });
});

it.each([
  ["SCHEDULE", { key: "nightly" }, "schedule nightly", "schedule:nightly"],
  ["SCHEDULE", null, "schedule", "trigger:schedule"],
  ["BACKFILL", { key: "nightly" }, "backfill nightly", "schedule:nightly"],
  ["SUBFLOW", null, "started by a subflow task", "trigger:subflow"],
  ["REPLAY", null, "replay by admin", "by:admin"],
  ["RERUN", null, "prepared by admin", "by:admin"],
  ["MANUAL", null, "by admin", "by:admin"],
  ["API", null, "by admin", "by:admin"],
] as const)("%s %j reads %s", (triggerKind, trigger, words, q) => {
  expect(triggerWords(aSnapshot({ triggerKind, trigger }))).toEqual({ words, search: { q } });
});

it("names the commit that ran", () => {
  const git = { commit: "b77e1c0ffee1234", branch: "main", repository: null, author: null, message: null };
  expect(commitWords(git)?.words).toBe("b77e1c0 on main");
  expect(commitWords({ ...git, branch: null })?.words).toBe("b77e1c0");
  expect(commitWords({ ...git, commit: null })?.words).toBe("main");
  expect(commitWords(null)).toBeNull();
});

it.each([
  ["FAILED", "✗ nightly-orders-2"],
  ["SUCCESS", "✓ nightly-orders-2"],
  ["RUNNING", "▸ nightly-orders-2"],
  ["REJECTED", "✗ nightly-orders-2"],
  ["CANCELLED", "• nightly-orders-2"],
] as const)("the tab of %s is %s", (state, title) => expect(titleOf(aSnapshot({ state }))).toBe(title));

it("shows the progress and the remaining time", () => {
  const states = ["SUCCESS", "WARNING", "FAILED", "RUNNING", "CREATED"] as const;
  const progress = progressOf(states.map((state) => aTask(state, { state })));
  expect(progress.parts.map(({ tone, share, ended }) => [tone, share, ended])).toEqual([
    ["good", 0.4, true],
    ["bad", 0.2, true],
    ["active", 0.2, false],
  ]);
  expect(progressWords(progress, 100, 39)).toBe("3 of 5 tasks, 1 running, about 1m 01s left");
  expect(progressWords(progress, 100, 400)).toBe("3 of 5 tasks, 1 running");
  expect(progressWords(progress, undefined, 4)).toBe("3 of 5 tasks, 1 running");
  expect(progressWords(progressOf([aTask("a", { state: "SUCCESS" })]), undefined, 4)).toBe("1 of 1 task");
});

it("does not count tasks that are not run, such as dependents of a failed one", () => {
  const states = {
    plan: "SUCCESS",
    primary: "FAILED",
    verify: "CANCELLED",
    skipped: "SKIPPED",
    replica: "RUNNING",
  } as const;
  const progress = progressOf(Object.entries(states).map(([key, state]) => aTask(key, { state })));
  expect(progressWords(progress, undefined, 4)).toBe("2 of 3 tasks, 1 running");
  expect(progress.parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

it("says when no task has to run", () => {
  const progress = progressOf([aTask("a", { state: "CANCELLED" })]);
  expect(progress).toEqual({ ended: 0, running: 0, all: 0, parts: [] });
  expect(progressWords(progress, undefined, 4)).toBe("no tasks to run");
});

it("counts the iterations of a foreach instead of the foreach", () => {
  const keys = ["each", "each[0].fetch", "each[0].inner", "each[0].inner[0].a", "each[1].fetch", "total"];
  const { all, running } = progressOf(keys.map((key) => aTask(key, { state: "RUNNING" })));
  expect([all, running]).toEqual([4, 4]);
  expect(progressOf([aTask("each", { state: "RUNNING" })])).toMatchObject({ all: 1, running: 1 });
});

it("the filled part of the bar matches the count of ended tasks", () => {
  const states = ["SUCCESS", "RETRYING", "WAITING_FOR_APPROVAL", "KILLED", "RUNNING", "QUEUED"] as const;
  const { ended, all, parts } = progressOf(states.map((state) => aTask(state, { state })));
  const filled = parts.filter((part) => part.ended).reduce((sum, { share }) => sum + share, 0);
  expect([ended, all, Math.round(filled * all)]).toEqual([2, 6, 2]);
});

const known = (flow: { id: string; enabled: boolean } | null, permissions: string[] = ["RUN_FLOW"]) =>
  ({ facts: { flow }, permissions }) as never;

it.each([
  ["HEADWAY", known({ id: "f", enabled: true }), true, null],
  ["HEADWAY", known(null), false, "INVALID_STATE"],
  ["HEADWAY", known({ id: "f", enabled: false }), false, "INVALID_STATE"],
  ["EXTERNAL", known(null), false, "INVALID_STATE"],
  ["HEADWAY", known({ id: "f", enabled: true }, []), false, "FORBIDDEN"],
] as const)("run again, of %s: %j", (origin, facts, allowed, code) => {
  expect(runAgainOf({ origin }, facts)).toMatchObject({ allowed, code });
});
