import { expect, it } from "vitest";
import { decidedWords, dueWords, resultWords, seatsOf, signersOf, whoMayDecide } from "./rules";

const group = (required: number, given: number, users: string[], roles: string[], name = "") => ({
  name,
  users,
  roles,
  required,
  given,
});
const TWO_GROUPS = [group(1, 1, [], ["operator"], "ops"), group(2, 1, ["maria"], [], "security")];

it.each([
  [[group(1, 0, [], [])], "One approval is enough."],
  [[group(2, 1, [], [])], "1 of 2 approvals given."],
  [[group(1, 0, ["maria"], [])], "One approval is enough. By maria."],
  [
    [group(3, 1, ["maria", "omar"], ["operator"])],
    "1 of 3 approvals given. By maria, omar or the role operator.",
  ],
  [
    TWO_GROUPS,
    "ops: 1 of 1 approvals given. By the role operator. security: 1 of 2 approvals given. By maria.",
  ],
])("%o", (groups, sentence) => {
  expect(whoMayDecide({ groups })).toBe(sentence);
});

it.each([
  [[group(1, 0, [], [])], "0 of 1", "anyone who may approve"],
  [[group(2, 1, ["maria"], ["operator"])], "1 of 2", "maria or the role operator"],
  [TWO_GROUPS, "2 of 3", "ops (signed), security"],
])("%o in a row of the inbox", (groups, seats, signers) => {
  expect([seatsOf({ groups }), signersOf({ groups })]).toEqual([seats, signers]);
});

const AT = "2026-01-14T02:00:00Z";
const NOW = Date.parse(AT);

it.each([
  [null, "REJECT" as const, null],
  ["2026-01-14T04:03:20Z", "REJECT" as const, "in 2h 03m, then rejected"],
  ["2026-01-14T02:00:30Z", "ESCALATE" as const, "in 30s, then escalated"],
  [AT, "FAIL" as const, "overdue, then it fails"],
])("due at %s, then %s", (expiresAt, onTimeout, words) => {
  expect(dueWords({ expiresAt, onTimeout }, NOW)).toBe(words);
});

const vote = (name: string, decision: "APPROVE" | "REJECT" = "APPROVE") => ({ actor: { name }, decision });

it.each([
  [
    { state: "APPROVED" as const, decidedAt: AT, votes: [vote("maria"), vote("omar")] },
    "Approved by maria, omar 7s ago",
  ],
  [
    { state: "REJECTED" as const, decidedAt: AT, votes: [vote("maria"), vote("omar", "REJECT")] },
    "Rejected by omar 7s ago",
  ],
  [{ state: "EXPIRED" as const, decidedAt: AT, votes: [] }, "Expired 7s ago"],
  [{ state: "CANCELLED" as const, decidedAt: null, votes: [vote("maria")] }, "Cancelled"],
])("%o", (request, words) => {
  expect(decidedWords(request, NOW + 7000)).toBe(words);
});

it.each([
  [[], "You approved"],
  [TWO_GROUPS, "You approved; security still has to approve: maria"],
  [[group(3, 1, ["omar", "admin"], [])], "You approved; 2 more approvals are needed: omar"],
  [[group(3, 1, [], [], "ops")], "You approved; 2 more approvals are needed from ops"],
  [[group(1, 1, [], [])], "You approved"],
])("an approval with %o left reads %s", (groups, words) => {
  expect(resultWords("APPROVE", { groups, votes: [{ actor: { name: "admin" } }] })).toBe(words);
  expect(resultWords("APPROVE", null)).toBe("You approved");
  expect(resultWords("REJECT", null)).toBe("You rejected");
});
