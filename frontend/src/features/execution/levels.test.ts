import { expect, it } from "vitest";
import { levelAbove } from "./levels";

it.each([
  [{ at: 3, attempt: 2 }, "load", { at: undefined }],
  [{ attempt: 2 }, "load", { attempt: undefined }],
  [{}, "a[1].b[2].c", { task: "a[1].b", tab: undefined }],
  [{}, "each[3].fetch", { task: "each", tab: undefined }],
  [{}, "each", { task: "", tab: undefined }],
  [{}, undefined, null],
])("above %j of %s is %j", (search, task, above) => expect(levelAbove(search, task)).toEqual(above));
