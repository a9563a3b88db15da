import { expect, it } from "vitest";
import { isZoomed } from "./chart";

it.each([
  [[0, 5, 10], { min: 0, max: 10 }, false],
  [[0, 5, 10], { min: -1, max: 11 }, false],
  [[0, 5, 10], { min: 2, max: 10 }, true],
  [[0, 5, 10], { min: 0, max: 8 }, true],
  [[], { min: 0, max: 8 }, false],
  [[1], {}, false],
])("points at %j in a scale of %j are zoomed: %s", (xs, scale, zoomed) =>
  expect(isZoomed(xs, scale)).toBe(zoomed),
);
