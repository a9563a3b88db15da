import { expect, it } from "vitest";
import { ACTIONS, type Availability, offersOf, specOf } from "./registry";

const available: Availability[] = [
  {
    action: "CANCEL",
    allowed: false,
    code: "INVALID_STATE",
    reason: "an execution that has not ended can be cancelled",
  },
  { action: "RESTART", allowed: true, code: null, reason: null },
  { action: "PAUSE", allowed: false, code: "NOT_YET", reason: "not built yet" },
  { action: "SET_LABELS", allowed: true, code: null, reason: null },
  { action: "APPROVE", allowed: true, code: null, reason: null },
];

it("offers the allowed first, the others with the server's reason, and hides what is not there yet", () => {
  expect(offersOf(available).map((offer) => [offer.spec.action, offer.allowed, offer.reason])).toEqual([
    ["SET_LABELS", true, null],
    ["CANCEL", false, "an execution that has not ended can be cancelled"],
  ]);
});

it("names each action once", () => {
  expect(new Set(ACTIONS.map((spec) => spec.action)).size).toBe(ACTIONS.length);
  expect(specOf("CANCEL").word).toBe("Cancel");
});
