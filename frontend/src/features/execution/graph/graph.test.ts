import { describe, expect, it } from "vitest";
import { aRun, done, failed, notRun } from "@/testing/taskRuns";
import { arrivalAt, READABLE } from "./arrival";
import { factsOf, factWords, isMany } from "./facts";
import { drawingOf, pathOf, routeId } from "./layout";
import { nodeOf, shapeOf, signatureOf } from "./shape";
import { walk } from "./walk";

const FLOW = [
  done("extract", 0, 1),
  done("schema", 1, 2, { needs: ["extract"] }),
  done("validate", 1, 3, { needs: ["extract"] }),
  failed("load", 3, 9, { needs: ["validate", "schema"] }),
  failed("each", 1, 8, { type: "foreach", needs: ["extract"] }),
  done("each[0].fetch", 1, 2),
  failed("each[1].fetch", 1, 8),
  notRun("transform", { type: "subflow", needs: ["load"] }),
];
const shape = shapeOf(FLOW);
const { layout } = drawingOf(shape);

describe("the shape of a flow", () => {
  it("has a node for each task, and an edge for each need", () => {
    expect(shape.nodes.map(({ id, kind }) => [id, kind])).toEqual([
      ["extract", "task"],
      ["schema", "task"],
      ["validate", "task"],
      ["load", "task"],
      ["each", "fan"],
      ["transform", "subflow"],
    ]);
    expect(shape.edges.map(({ from, to }) => `${from} ${to}`)).toContain("validate load");
    expect(shape.edges).toHaveLength(6);
  });

  it("stacks tasks with the same neighbours, until the stack is opened", () => {
    const checks = Array.from({ length: 30 }, (_, index) =>
      done(`check_${index}`, 0, 1, { needs: ["extract"] }),
    );
    const stacked = shapeOf([...FLOW, ...checks]);
    expect(stacked.nodes.at(-1)).toMatchObject({ id: "stack of check_0", kind: "stack" });
    expect(stacked.nodes).toHaveLength(7);
    expect(stacked.edges.filter(({ to }) => to === "stack of check_0")).toHaveLength(1);
    expect(nodeOf(stacked, "check_12")).toBe("stack of check_0");
    expect(shapeOf([...FLOW, ...checks], new Set(["stack of check_0"])).nodes).toHaveLength(36);
  });

  it("maps an iteration to its foreach", () => {
    expect(nodeOf(shape, "each[1].fetch")).toBe("each");
    expect(nodeOf(shape, undefined)).toBeUndefined();
  });

  it("has no edges for missing needs", () => {
    expect(shapeOf([done("a", 0, 1, { needs: ["gone"] })]).edges).toEqual([]);
  });
});

describe("tasks of `on_error` and `finally`", () => {
  const late = [
    ...FLOW,
    done("clean", 11, 12, { section: "FINALLY" }),
    notRun("tell", { section: "ERRORS" }),
    notRun("page", { section: "ERRORS", needs: ["tell"] }),
  ];
  const drawn = drawingOf(shapeOf(late));
  const place = (id: string) => drawn.layout.get(id)!;
  const rightOf = (ids: readonly string[]) => Math.max(...ids.map((id) => place(id).x + place(id).width));

  it("are marked, and placed after all tasks that they wait for", () => {
    expect(shapeOf(late).nodes.filter(({ section }) => section)).toEqual([
      { id: "clean", kind: "task", keys: ["clean"], section: "FINALLY" },
      { id: "tell", kind: "task", keys: ["tell"], section: "ERRORS" },
      { id: "page", kind: "task", keys: ["page"], section: "ERRORS" },
    ]);
    const main = shape.nodes.map(({ id }) => id);
    expect(place("tell").x).toBeGreaterThan(rightOf(main));
    expect(place("page").x).toBeGreaterThan(place("tell").x);
    expect(place("clean").x).toBeGreaterThan(rightOf([...main, "tell", "page"]));
    expect(drawn.routes.has("tell page")).toBe(true);
    for (const id of main) expect(place(id).x, id).toBe(layout.get(id)!.x);
  });

  it("are not stacked with tasks of the flow", () => {
    const many = Array.from({ length: 5 }, (_, index) => done(`check_${index}`, 0, 1));
    expect(shapeOf([...many, notRun("tell", { section: "ERRORS" })]).nodes).toHaveLength(6);
  });
});

describe("the layout", () => {
  it("is the same for the same shape, whatever the states of the tasks", () => {
    const early = FLOW.map(({ key, task }) =>
      aRun(key, [["CREATED", 0]], { type: task.type, needs: task.needs }),
    );
    expect(signatureOf(shapeOf(early))).toBe(signatureOf(shape));
    expect(drawingOf(shapeOf(early)).layout).toEqual(layout);
    expect(drawingOf(shapeOf(early.slice(0, 5))).layout).not.toEqual(layout);
  });

  it("puts tasks to the right of their needs, without overlaps", () => {
    for (const { from, to } of shape.edges) {
      const need = layout.get(from)!;
      expect(layout.get(to)!.x).toBeGreaterThanOrEqual(need.x + need.width);
    }
    const boxes = [...layout.values()];
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
    }
  });

  it("leads an edge past the tasks between its ends, horizontally next to them", () => {
    const passed = shapeOf([
      done("a", 0, 1),
      done("b", 1, 2, { needs: ["a"] }),
      done("c", 2, 3, { needs: ["a", "b"] }),
    ]);
    const { layout: places, routes } = drawingOf(passed);
    const [a, b, c] = ["a", "b", "c"].map((id) => places.get(id)!);
    const passing = routes.get(routeId({ from: "a", to: "c" }))!;
    expect(passing).toHaveLength(3); // one next to b, and one in each gap
    const middle = passing.find(({ x }) => x > b!.x && x < b!.x + b!.width)!;
    expect(middle.y < b!.y || middle.y > b!.y + b!.height).toBe(true);
    const path = pathOf({ x: a!.x + a!.width, y: 40 }, { x: c!.x, y: 40 }, passing);
    const [, level] = /H([\d.]+)C[^CH]+$/.exec(path)!;
    expect(Number(level)).toBeGreaterThanOrEqual(b!.x + b!.width);
    expect(path).toContain(` ${middle.y}H`);
    expect(routes.get(routeId({ from: "a", to: "b" }))).toHaveLength(1);
    expect(pathOf({ x: 0, y: 0 }, { x: 44, y: 10 }, [])).toBe("M0 0C22 0 22 10 44 10");
  });

  it("handles no node and one node", () => {
    expect(drawingOf(shapeOf([])).layout.size).toBe(0);
    expect(drawingOf(shapeOf([done("only", 0, 1)])).layout.get("only")).toMatchObject({
      width: 128,
      height: 48,
    });
  });

  it("of a chain of three hundred is fast", () => {
    const row = Array.from({ length: 300 }, (_, index) =>
      done(`t${index}`, 0, 1, { needs: index ? [`t${index - 1}`] : [] }),
    );
    expect(drawingOf(shapeOf(row)).layout.size).toBe(300);
    expect(isMany(shapeOf(row))).toBe(false);
    expect(isMany(shapeOf([...row, done("more", 0, 1, { needs: ["t299"] })]))).toBe(true);
  });
});

describe("the initial view of a graph that is too wide", () => {
  const wide = shapeOf(
    Array.from({ length: 30 }, (_, at) => done(`t${at}`, 0, 1, { needs: at ? [`t${at - 1}`] : [] })),
  );
  const { layout: places } = drawingOf(wide);
  const room = { width: 600, height: 400 };
  const shown = (key: string) => {
    const box = places.get(key)!;
    const { x, y, zoom } = arrivalAt(box, places, room);
    return { left: box.x * zoom + x, middle: (box.y + box.height / 2) * zoom + y, zoom };
  };
  it("begins at its first task, vertically centred", () =>
    expect(shown("t0")).toEqual({ left: 16, middle: 200, zoom: READABLE }));
  it("is centred on the selected task", () =>
    expect(shown("t15").left + (128 * READABLE) / 2).toBeCloseTo(300));
  it("ends at its last task", () => expect(shown("t29").left + 128 * READABLE).toBeCloseTo(600 - 16));
});

describe("an opened subflow", () => {
  const opened = shapeOf(FLOW, new Set(), new Map([["transform", 3]]));
  it("is as high as its lines", () => {
    const { layout: places } = drawingOf(opened);
    expect(places.get("transform")!.height).toBe(layout.get("transform")!.height + 3 * 26 + 8);
    expect(signatureOf(opened)).not.toBe(signatureOf(shape));
  });
});

describe("arrow keys", () => {
  it.each([
    ["extract", "left", undefined],
    ["load", "right", "transform"],
    ["transform", "left", "load"],
    ["transform", "right", undefined],
  ] as const)("from %s to the %s lead to %s", (from, direction, to) =>
    expect(walk(shape, layout, from, direction)).toBe(to),
  );

  it("reach every task from every other", () => {
    const reached = new Set(["extract"]);
    for (const key of reached) {
      for (const direction of ["left", "right", "up", "down"] as const) {
        const next = walk(shape, layout, key, direction);
        if (next) reached.add(next);
      }
    }
    expect(reached.size).toBe(shape.nodes.length);
  });

  it("start at the first task without a selection", () =>
    expect(walk(shape, layout, "gone", "right")).toBe("extract"));
});

describe("a node says", () => {
  const facts = factsOf(shape, FLOW);
  it("the states of a foreach's iterations, failed ones first", () => {
    const { counts } = facts.get("each")!;
    expect(counts.map(({ words }) => words)).toEqual(["1 failed", "1 succeeded"]);
    expect(factWords(facts.get("each")!, "fan")).toBe("foreach, 2");
  });
  it("its type before it has run, then its duration", () => {
    expect(factWords(facts.get("transform")!, "subflow")).toBe("subflow");
    expect(factWords(facts.get("load")!, "task")).toBeNull();
  });
  it("for a stack the number of tasks and their common prefix, and selects the failed one", () => {
    const tasks = Array.from({ length: 7 }, (_, index) =>
      (index === 4 ? failed : done)(`check_${index}`, 0, 1),
    );
    const stack = factsOf(shapeOf(tasks), tasks).get("stack of check_0")!;
    expect(stack).toMatchObject({ name: "check_…", size: 7, task: { key: "check_4" } });
    expect(factWords(stack, "stack")).toBe("7 tasks");
  });
});
