import { expect, it } from "vitest";
import { usualOf } from "./usual";

it.each([
  [undefined, undefined],
  [null, undefined],
  [{ p50: 20, count: 1 }, undefined],
  [{ p50: 20, count: 2 }, undefined],
  [{ p50: 20, count: 3 }, 20],
])("of %o is %s", (stats, usual) => expect(usualOf(stats)).toBe(usual));
