import { describe, expect, it } from "vitest";
import type { TaskRunRow } from "@/entities/execution/record";
import { aRun, done, failed, notRun, START } from "@/testing/taskRuns";
import { matchingRows, type Row, rowsOf, type View } from "./rows";
import { inOrder, reused } from "./steady";

const VIEW: View = {
  over: true,
  toggled: new Map(),
  keep: new Set(),
  selected: undefined,
  children: new Map(),
  cause: undefined,
  critical: new Set(),
};
const rows = (tasks: TaskRunRow[], view: Partial<View> = {}) => rowsOf(tasks, { ...VIEW, ...view });
const names = (all: readonly Row[]) => all.map(({ name, depth }) => `${"  ".repeat(depth)}${name}`);
const many = (count: number, make: (index: number) => TaskRunRow) =>
  Array.from({ length: count }, (_, index) => make(index));
const open = (...ids: string[]) => ({ toggled: new Map(ids.map((id) => [id, true] as const)) });

describe("the order", () => {
  const tasks = [
    done("extract", 0, 1),
    aRun("ask", [["RUNNING", 1], ["WAITING_FOR_APPROVAL", 2]]), // biome-ignore format: one line
    failed("load", 1, 2),
    done("after", 3, 4),
  ];
  it("has failed tasks and pending approvals first, then the flow's order", () => {
    expect(names(rows(tasks))).toEqual(["ask", "load", "In the order of the flow", "extract", "after"]);
  });
  it("has the cause at the top", () => {
    expect(names(rows(tasks, { cause: "load" })).slice(0, 2)).toEqual(["load", "ask"]);
  });
  it("has no heading when nothing needs attention, or everything does", () => {
    expect(names(rows([done("a", 0, 1), done("b", 0, 1)]))).toEqual(["a", "b"]);
    expect(names(rows([failed("a", 0, 1)]))).toEqual(["a"]);
    expect(rows([])).toEqual([]);
  });
});

describe("successes", () => {
  const successes = (count: number) => many(count, (index) => done(`check_${index}`, 0, 1));
  it("up to twenty are all shown", () => expect(rows(successes(20))).toHaveLength(20));
  it("more than twenty are one line, which opens", () => {
    expect(names(rows(successes(21)))).toEqual(["21 succeeded"]);
    expect(names(rows(successes(21), open("fold:succeeded"))).slice(0, 3)).toEqual([
      "21 succeeded",
      "  check_0",
      "  check_1",
    ]);
  });
  it("on the critical path, selected or held are not folded", () => {
    const kept = {
      critical: new Set(["run_check_3"]),
      selected: "check_5",
      keep: new Set(["run_check_7"]),
    };
    expect(names(rows(successes(30), kept))).toEqual(["27 succeeded", "check_3", "check_5", "check_7"]);
  });
  it("are folded in place, with other terminal states named", () => {
    const tasks = [
      ...successes(20),
      aRun("old", [["CACHED", 0]]),
      aRun("off", [["SKIPPED", 0]]),
      aRun("now", [["RUNNING", 3]]),
    ];
    expect(names(rows(tasks, { over: false }))).toEqual(["20 succeeded, 1 cached, 1 skipped", "now"]);
  });
});

describe("a task that did not run", () => {
  const never = (count: number) =>
    many(count, (index) => notRun(`mart_${index}`, { needs: [index ? `mart_${index - 1}` : "load"] }));
  const [load] = [failed("load", 4, 9)];
  it("names its need, and when that started", () => {
    const found = rows([load!, ...never(2)]).slice(2);
    expect(found.map((row) => row.kind === "task" && [row.needs, row.needsFrom])).toEqual([
      ["load", START + 4000],
      ["mart_0", START + 4000],
    ]);
  });
  it("is folded with many others", () => {
    expect(rows(never(8))).toHaveLength(8);
    expect(names(rows(never(12))).slice(6)).toEqual(["mart_6", "5 more did not run"]);
  });
  it("is called not started while the execution runs", () => {
    const later = many(12, (index) => aRun(`mart_${index}`, [["CREATED", 0]], { needs: ["load"] }));
    const found = rows([aRun("load", [["RUNNING", 0]]), ...later], { over: false });
    expect(names(found).at(-1)).toBe("5 more have not started");
    expect(found[1]).toMatchObject({ needs: "load" });
  });
  it("names no need when it was skipped", () => {
    expect(rows([load!, aRun("off", [["SKIPPED", 5]], { needs: ["load"] })])[2]).toMatchObject({
      needs: null,
    });
  });
});

describe("a foreach", () => {
  const each = (state: "RUNNING" | "SUCCESS" | "FAILED", to = 50) =>
    aRun("each", state === "RUNNING" ? [["RUNNING", 0]] : [["RUNNING", 0], [state, to]], { type: "foreach" }); // biome-ignore format: one line
  const turn = (index: number, make = done) => make(`each[${index}].fetch`, 0, 1);

  it("that succeeded is one line with counts", () => {
    const [line] = rows([each("SUCCESS"), ...many(300, (index) => turn(index))]);
    expect(line).toMatchObject({ open: false, name: "each" });
    expect(line).toHaveProperty("counts.0.words", "300 succeeded");
  });
  it("that failed is open: failed first, the rest folded", () => {
    const turns = many(24, (index) => turn(index, [3, 7, 11].includes(index) ? failed : done));
    expect(names(rows([each("FAILED"), ...turns]))).toEqual([
      "each",
      "  [3] item 3",
      "  [7] item 7",
      "  [11] item 11",
      "  21 succeeded",
    ]);
  });
  it("with many failures shows five and the number of others", () => {
    const turns = many(30, (index) => turn(index, index < 8 ? failed : done));
    expect(names(rows([each("FAILED"), ...turns])).at(-1)).toBe("  3 more failed, 22 succeeded");
  });
  it("that runs shows failed iterations, then running ones", () => {
    const turns = many(500, (index) => {
      if (index === 400) return failed(`each[${index}].fetch`, 0, 1);
      if (index >= 490) return aRun(`each[${index}].fetch`, [["CREATED", 0]]);
      return index >= 485
        ? aRun(`each[${index}].fetch`, [["RUNNING", 3]])
        : done(`each[${index}].fetch`, 0, 1);
    });
    expect(names(rows([each("RUNNING"), ...turns], { over: false }))).toEqual([
      "each",
      "  [400] item 400",
      "  [485] item 485",
      "  [486] item 486",
      "  [487] item 487",
      "  [488] item 488",
      "  [489] item 489",
      "  10 waiting, 484 succeeded",
    ]);
  });
  it("shows the selected iteration, wherever it is", () => {
    const found = rows([each("SUCCESS"), ...many(50, (index) => turn(index))], {
      selected: "each[33].fetch",
    });
    expect(names(found)).toEqual(["each", "  [33] item 33", "  49 more succeeded"]);
  });
  it("with several tasks has a line for each iteration, which opens to them", () => {
    const turns = [0, 1].flatMap((index) => [
      done(`each[${index}].fetch`, 0, 1),
      (index ? failed : done)(`each[${index}].load`, 1, 2, { needs: ["fetch"] }),
    ]);
    expect(names(rows([each("FAILED"), ...turns]))).toEqual(["each", "  [0] item 0", "  [1] item 1"]);
    expect(names(rows([each("FAILED"), ...turns], open("run_each[1]")))).toEqual([
      "each",
      "  [0] item 0",
      "  [1] item 1",
      "    fetch",
      "    load",
    ]);
    expect(rows([each("FAILED"), ...turns])[2]).toMatchObject({
      state: "FAILED",
      task: { key: "each[1].load" },
    });
  });
  it("within a foreach is nested", () => {
    const nested = [
      each("FAILED"),
      aRun("each[0].inner", [["RUNNING", 0], ["FAILED", 5]], { type: "foreach" }), // biome-ignore format: one line
      failed("each[0].inner[4].deep", 0, 1),
    ];
    expect(names(rows(nested))).toEqual(["each", "  [0] item 0", "    [4] item 4"]);
  });
  it("that the viewer closed stays closed", () => {
    const view = { toggled: new Map([["run_each", false]]) };
    expect(names(rows([each("FAILED"), turn(0, failed)], view))).toEqual(["each"]);
  });
});

it("matching task runs are listed flat, under their full names, as many as were counted", () => {
  const tasks = [failed("each[2].fetch", 0, 1), failed("load", 0, 1)];
  expect(names(matchingRows(tasks, VIEW))).toEqual(["each[2].fetch", "load"]);
});

describe("lines after a change", () => {
  const each = aRun("each", [["RUNNING", 0]], { type: "foreach" });
  const tasks = [
    done("a", 0, 1),
    each,
    ...many(6, (index) => aRun(`each[${index}].fetch`, [["RUNNING", 1]])),
  ];
  const before = rows(tasks, { over: false });
  const known = new Map(before.map((row) => [row.id, row]));

  it("keep their identity where nothing changed", () => {
    const changed = done("each[2].fetch", 1, 2);
    const after = reused(
      known,
      rows(tasks.map((task) => (task.key === changed.key ? changed : task)), { over: false }), // biome-ignore format: one line
    );
    const same = after.filter((row) => known.get(row.id) === row).map(({ name }) => name);
    expect(same).toEqual(["a", "[0] item 0", "[1] item 1", "[3] item 3", "[4] item 4", "[5] item 5"]);
  });

  it("keep their places while they are held; new ones are added last", () => {
    const held = ["run_b", "run_a", "gone"];
    const ordered = inOrder(rows([done("a", 0, 1), done("b", 0, 1), done("c", 0, 1)]), held);
    expect(names(ordered)).toEqual(["b", "a", "c"]);
  });
});

it("a subflow's line shows the current state of the execution that it started", () => {
  const started = {
    __typename: "Execution" as const,
    id: "exec_9",
    name: "nested-9",
    state: "RUNNING" as const,
  };
  const now = { ...started, state: "FAILED" as const };
  const task = aRun("nested", [["RUNNING", 0]], { type: "subflow", child: started });
  expect(rows([task])[0]).toMatchObject({ child: started });
  expect(rows([task], { children: new Map([[now.id, now]]) })[0]).toMatchObject({ child: now });
});
