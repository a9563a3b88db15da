import { expect, it } from "vitest";
import { aView } from "@/testing/fixtures";
import { viewOf } from "./view";

const at = (seq: number) => aView({ seq, state: "RUNNING" });
const acted = (seq: number) => ({ id: "exec_2", seq, state: "KILLING" });

it.each([
  ["nothing", null, null, null, undefined, undefined],
  ["only an answer", null, null, acted(5), undefined, undefined],
  ["what was read", at(3), null, null, 3, "RUNNING"],
  ["what came live", null, at(4), null, 4, "RUNNING"],
  ["the newer of both", at(3), at(4), null, 4, "RUNNING"],
  ["what was read after a gap", at(6), at(4), null, 6, "RUNNING"],
  ["a newer answer over it", at(3), null, acted(5), 5, "KILLING"],
  ["what came after the answer", at(3), at(6), acted(5), 6, "RUNNING"],
  ["what came with the answer", at(3), at(5), acted(5), 5, "RUNNING"],
])("%s", (_, read, live, answer, seq, state) => {
  const view = viewOf(read, live, answer);
  expect([view?.seq, view?.state]).toEqual([seq, state]);
});
