import { describe, expect, it } from "vitest";
import { readError } from "@/shared/lib/traceback";
import { inOneLine, inputRows } from "./changed";
import { segmentsOf, waitedForRetries } from "./strip";

const TRACEBACK = `Traceback (most recent call last):
  File "/srv/.venv/lib/python3.14/site-packages/headway/run.py", line 12, in call
    function()
  File "flows/orders/load.py", line 88, in main
    with pool.connection() as link:
         ^^^^^^^^^^^^^^^^^
  File "/srv/.venv/lib/python3.14/site-packages/psycopg_pool/pool.py", line 243, in getconn
    raise error
ConnectionRefusedError: [Errno 111] db-2:5432
Is the server running?`;

describe("readError", () => {
  it("puts the author's frame first and keeps the others", () => {
    const { sentence, place, others } = readError(TRACEBACK);
    expect(sentence).toBe("ConnectionRefusedError: [Errno 111] db-2:5432\nIs the server running?");
    expect(place).toEqual({
      file: "flows/orders/load.py",
      line: 88,
      name: "main",
      code: "with pool.connection() as link:",
      own: true,
    });
    expect(others.map((frame) => frame.line)).toEqual([12, 243]);
  });
  it("takes the innermost frame when none is the author's", () => {
    const foreign = TRACEBACK.replace("flows/orders/load.py", "/x/site-packages/load.py");
    expect(readError(foreign).place?.line).toBe(243);
  });
  it("keeps a plain sentence", () =>
    expect(readError("exit code 3\n")).toEqual({
      sentence: "exit code 3",
      place: null,
      others: [],
      led: null,
    }));
});

describe("inputRows", () => {
  const rows = (now: unknown, before?: unknown) =>
    inputRows(now, before).map(({ name, value, before: was, changed }) => [name, value, was, changed]);
  it.each([
    [
      { a: 1, b: 2 },
      undefined,
      [
        ["a", 1, undefined, false],
        ["b", 2, undefined, false],
      ],
    ],
    [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
      [
        ["b", 2, 3, true],
        ["a", 1, undefined, false],
      ],
    ],
    [{ a: { x: { p: 1, q: 2 } } }, { a: { x: { q: 2, p: 1 } } }, [["a.x", { p: 1, q: 2 }, undefined, false]]],
    [
      { a: { x: 1, y: 2 } },
      { a: { x: 1, y: 3 } },
      [
        ["a.y", 2, 3, true],
        ["a.x", 1, undefined, false],
      ],
    ],
    [{ a: [1] }, { a: [1, 2] }, [["a", [1], [1, 2], true]]],
    [{}, { gone: 1 }, [["gone", undefined, 1, true]]],
    [null, null, []],
  ])("%j after %j", (now, before, expected) => expect(rows(now, before)).toEqual(expected));
});

it.each([
  ["text", "text"],
  [3, "3"],
  [null, "–"],
  [{ a: 1 }, '{"a":1}'],
])("inOneLine %j", (value, text) => expect(inOneLine(value)).toBe(text));

describe("segmentsOf", () => {
  const at = (second: number) => new Date(second * 1000).toISOString();
  const history = [
    { state: "QUEUED", at: at(0) },
    { state: "RUNNING", at: at(6) },
    { state: "RETRYING", at: at(28) },
    { state: "RUNNING", at: at(58) },
    { state: "FAILED", at: at(70) },
  ];
  it("colours attempts by their result, and ends with the end", () => {
    const segments = segmentsOf(history, 999_000);
    expect(segments.map(({ look, seconds }) => [look, seconds])).toEqual([
      ["wait", 6],
      ["bad-pale", 22],
      ["wait", 30],
      ["bad", 12],
    ]);
    expect(segments[0]!.words).toBe("Queued 6.0s");
    expect(waitedForRetries(segments)).toBe(30);
  });
  it("extends to now while it runs", () =>
    expect(segmentsOf(history.slice(0, 2), 10_000).map(({ look, seconds }) => [look, seconds])).toEqual([
      ["wait", 6],
      ["active", 4],
    ]));
});
