import { expect, it } from "vitest";
import { asExpression, outputsPath, stepInto } from "./expressionPath";

it.each([
  [{}, "rows", ".rows"],
  [[], "0", "[0]"],
  [{}, "model.joblib", "['model.joblib']"],
  [{}, "it's", "['it\\'s']"],
  [{}, "0", "['0']"],
])("%j %s", (value, key, step) => expect(stepInto(value, key)).toBe(step));

it.each([
  ["load", "outputs.load"],
  ["load-it", "outputs['load-it']"],
  ["each[3].fetch", "outputs.each.fetch[3]"],
])("outputsPath %s", (key, path) => expect(outputsPath(key)).toBe(path));

it("is an expression in braces", () =>
  expect(asExpression("outputs.load.rows")).toBe("{{ outputs.load.rows }}"));
