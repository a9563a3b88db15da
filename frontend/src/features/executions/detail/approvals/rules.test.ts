import { expect, it } from "vitest";
import { whoMayDecide } from "./rules";

const vote = (decision: "APPROVE" | "REJECT") => ({
  actor: { kind: "USER" as const, name: "maria" },
  decision,
  comment: null,
  at: "2026-01-01T00:00:00Z",
  override: false,
});

it.each([
  [{ required: 1, users: [], roles: [], votes: [] }, "One approval is enough."],
  [{ required: 2, users: [], roles: [], votes: [vote("APPROVE")] }, "1 of 2 approvals given."],
  [{ required: 1, users: ["maria"], roles: [], votes: [] }, "One approval is enough. By maria."],
  [
    { required: 3, users: ["maria", "omar"], roles: ["operator"], votes: [vote("APPROVE"), vote("REJECT")] },
    "1 of 3 approvals given. By maria, omar or the role operator.",
  ],
])("%o", (policy, sentence) => {
  expect(whoMayDecide(policy)).toBe(sentence);
});
