import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLEnumType } from "graphql";
import { expect, it } from "vitest";
import { EXECUTION_STATES, STATE_TOKENS } from "./stateTokens";

const schema = buildSchema(readFileSync(`${import.meta.dirname}/../../../../schema/schema.graphql`, "utf8"));
const names = (type: string) =>
  (schema.getType(type) as GraphQLEnumType).getValues().map((value) => value.name);

it.each(["ExecutionState", "TaskRunState", "AttemptState", "ApprovalState"])(
  "has a token for every %s",
  (type) => {
    expect(names(type).filter((name) => !(name in STATE_TOKENS))).toEqual([]);
  },
);

it("lists every state of an execution for the filter", () => {
  expect([...EXECUTION_STATES].sort()).toEqual(names("ExecutionState").sort());
});

it("distinguishes states of one colour by shape or word", () => {
  const looks = Object.values(STATE_TOKENS).map((token) => `${token.shape} ${token.word}`);
  expect(new Set(looks).size).toBe(looks.length);
});
