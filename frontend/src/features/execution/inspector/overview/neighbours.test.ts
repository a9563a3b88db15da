import { expect, it } from "vitest";
import { aTask } from "@/testing/fixtures";
import { neighboursOf } from "./neighbours";

const task = (key: string, needs: string[]) =>
  aTask(key, { task: { key, type: "shell", needs, section: "TASKS" } });
const all = [
  task("extract", []),
  task("load", ["extract"]),
  task("report", ["load", "extract"]),
  task("each[0].fetch", []),
  task("each[0].check", ["fetch"]),
  task("each[1].fetch", []),
];

it.each([
  ["load", ["extract"], ["report"]],
  ["extract", [], ["load", "report"]],
  ["each[0].check", ["each[0].fetch"], []],
  ["each[1].fetch", [], []],
])("%s", (key, needs, neededBy) => {
  const found = neighboursOf(all.find((one) => one.key === key)!, all);
  expect(found.needs.map((one) => one.key)).toEqual(needs);
  expect(found.neededBy.map((one) => one.key)).toEqual(neededBy);
});
