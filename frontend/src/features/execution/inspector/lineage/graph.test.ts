import { expect, it } from "vitest";
import { type Graph, ofTask, rowsOf, versionInWords } from "./graph";

const execution = (id: string) => ({
  __typename: "Execution" as const,
  id,
  name: id,
  state: "SUCCESS" as const,
});
const artifact = (id: string) => ({
  __typename: "Artifact" as const,
  id,
  name: id,
  type: "File",
  version: "1",
  size: null,
  downloadUrl: null,
});
const graph: Graph = {
  truncated: false,
  nodes: [
    execution("before"),
    artifact("raw"),
    execution("this"),
    artifact("rows"),
    artifact("model"),
    execution("after"),
  ],
  edges: [
    { from: "before", to: "raw", direction: "OUT", taskKey: "get" },
    { from: "raw", to: "this", direction: "IN", taskKey: "load" },
    { from: "this", to: "rows", direction: "OUT", taskKey: "load" },
    { from: "this", to: "model", direction: "OUT", taskKey: "train" },
    { from: "model", to: "after", direction: "IN", taskKey: "serve" },
  ],
};

it.each([
  ["load", ["before", "raw", "this", "rows"]],
  ["train", ["this", "model", "after"]],
  ["other", ["this"]],
])("of the task %s: %j", (task, ids) =>
  expect(ofTask(graph, "this", task).nodes.map((node) => node.id)).toEqual(ids),
);

it("has a row for each use", () =>
  expect(rowsOf(graph).map((row) => [row.artifact.id, row.direction, row.execution.id, row.task])).toEqual([
    ["raw", "made by", "before", "get"],
    ["raw", "used by", "this", "load"],
    ["rows", "made by", "this", "load"],
    ["model", "made by", "this", "train"],
    ["model", "used by", "after", "serve"],
  ]));

it.each([
  ["3", "version 3"],
  ["9f86d081884c7d659a2feaa0c55ad015", "version 9f86d081…"],
])("%s", (version, words) => expect(versionInWords(version)).toBe(words));
