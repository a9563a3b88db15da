import { expect, it } from "vitest";
import { metricName } from "./metric";

it.each([
  [
    { name: "rows", taskKey: "prepare", tags: { part: "train", fold: 2 } },
    "prepare · rows {fold=2, part=train}",
  ],
  [{ name: "rows", taskKey: null, tags: {} }, "rows"],
  [{ name: "rows", taskKey: null, tags: null }, "rows"],
])("names a metric uniquely: %o", (metric, name) => expect(metricName(metric)).toBe(name));
