import { expect, it } from "vitest";
import { whoMayDecide } from "./rules";

const group = (required: number, given: number, users: string[], roles: string[], name = "") => ({
  name,
  users,
  roles,
  required,
  given,
});

it.each([
  [[group(1, 0, [], [])], "One approval is enough."],
  [[group(2, 1, [], [])], "1 of 2 approvals given."],
  [[group(1, 0, ["maria"], [])], "One approval is enough. By maria."],
  [
    [group(3, 1, ["maria", "omar"], ["operator"])],
    "1 of 3 approvals given. By maria, omar or the role operator.",
  ],
  [
    [group(1, 1, [], ["operator"], "ops"), group(1, 0, ["maria"], [], "security")],
    "ops: 1 of 1 approvals given. By the role operator. security: 0 of 1 approvals given. By maria.",
  ],
])("%o", (groups, sentence) => {
  expect(whoMayDecide({ groups })).toBe(sentence);
});
