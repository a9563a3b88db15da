import { expect, it } from "vitest";
import { relationsOf } from "./relations";

const edges = [
  { from: "parent", to: "this", kind: "SUBFLOW" as const, taskKey: "call" },
  { from: "top", to: "parent", kind: "SUBFLOW" as const, taskKey: "go" },
  { from: "this", to: "again", kind: "RERUN" as const, taskKey: null },
  { from: "again", to: "this", kind: "REPLAY" as const, taskKey: null },
];

it("lists relations upwards and downwards, nearest first, and ends at a cycle", () =>
  expect(relationsOf("this", edges)).toEqual({
    up: [
      { id: "parent", steps: 1, words: "starts it as a subflow by call" },
      { id: "again", steps: 1, words: "replayed here" },
      { id: "top", steps: 2, words: "starts it as a subflow by go" },
    ],
    down: [{ id: "again", steps: 1, words: "a rerun" }],
  }));
