import { print } from "graphql";
import { expect, it } from "vitest";
import { ACTIONS, type Availability, inputOf, offersOf, specOf } from "./registry";

const refused = "an execution that has not ended can be cancelled";
const available: Availability[] = [
  { action: "CANCEL", allowed: false, code: "INVALID_STATE", reason: refused },
  { action: "RETRY_FAILED", allowed: false, code: "INVALID_STATE", reason: "FAILED_FINISHING" },
  { action: "RESTART", allowed: true, code: null, reason: null },
  { action: "SET_LABELS", allowed: true, code: null, reason: null },
  { action: "APPROVE", allowed: true, code: null, reason: null },
  { action: "CHANGE_TASK_RUN_STATE", allowed: true, code: null, reason: null },
];

it("offers allowed actions first, the others with the server's reason, and only one of two equivalent actions", () => {
  expect(offersOf(available).map((offer) => [offer.spec.action, offer.allowed, offer.reason])).toEqual([
    ["RESTART", true, null],
    ["SET_LABELS", true, null],
    ["CANCEL", false, refused],
  ]);
  const finishing = available.map((one) => ({ ...one, allowed: one.action === "RETRY_FAILED" }));
  expect(offersOf(finishing)[0]?.spec.action).toBe("RETRY_FAILED");
});

it("has each action once, and no key twice on one page except for pairs that exclude each other", () => {
  expect(new Set(ACTIONS.map((spec) => spec.action)).size).toBe(ACTIONS.length);
  expect(specOf("CANCEL").word).toBe("Cancel");
});

it("sends one id, or a list where the mutation takes one", () => {
  expect(inputOf(specOf("CANCEL"), "exec_1", { reason: null })).toEqual({ id: "exec_1", reason: null });
  expect(inputOf(specOf("ARCHIVE"), "exec_1", { reason: "old" })).toEqual({ ids: ["exec_1"], reason: "old" });
});

it("reads the plan of every action that shows one", () => {
  const planned = ACTIONS.filter((spec) => spec.planned);
  expect(planned.length).toBeGreaterThan(1);
  for (const spec of planned) expect(print(spec.mutation), spec.action).toContain("plan {");
});
