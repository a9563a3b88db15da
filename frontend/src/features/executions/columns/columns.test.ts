import { describe, expect, it } from "vitest";
import { columnOf, columnsOf, DEFAULT, fitting, joinedColumns, moved, namesOf, tracksOf } from "./columns";

const ids = (columns: { id: string }[]) => columns.map((column) => column.id);

describe("columns", () => {
  it("are the default ones unless the viewer chose others", () =>
    expect(ids(columnsOf(undefined))).toEqual(DEFAULT));
  it("come from the URL, without unknown ones", () =>
    expect(ids(columnsOf("state,execution,kind,nonsense,metric.loss,kind"))).toEqual([
      "state",
      "execution",
      "kind",
      "metric.loss",
    ]));
  it("always include the state and the name", () =>
    expect(ids(columnsOf("kind"))).toEqual(["state", "execution", "kind"]));
  it("keep a comma in a name", () => {
    const text = joinedColumns(["state", "execution", "label.a,b"]);
    expect(ids(columnsOf(text))).toEqual(["state", "execution", "label.a,b"]);
  });
  it("of a value are named after its key; metrics are numbers", () => {
    expect(columnOf("metric.loss.train")).toMatchObject({ name: "loss.train", align: "right" });
    expect(columnOf("label.team")).toMatchObject({ name: "team" });
    expect(columnOf("label.")).toBeUndefined();
  });
  it("request values that rows do not have", () =>
    expect(namesOf(columnsOf("by,metric.loss,kind"))).toEqual(["schedule", "metric.loss"]));
});

describe("a narrow window", () => {
  const all = columnsOf([
    "state",
    "execution",
    "started",
    "duration",
    "by",
    "labels",
    "branch",
    "metric.rows",
  ]);
  it("has all columns that fit", () => expect(fitting(all, 1400)).toEqual(all));
  it("hides optional ones first, from the last one", () => {
    expect(ids(fitting(all, 1250))).toEqual([
      "state",
      "execution",
      "started",
      "duration",
      "by",
      "labels",
      "metric.rows",
    ]);
    expect(ids(fitting(all, 1080))).toEqual([
      "state",
      "execution",
      "started",
      "duration",
      "by",
      "metric.rows",
    ]);
  });
  it("never hides the state and the name", () =>
    expect(ids(fitting(all, 10))).toEqual(["state", "execution"]));
});

it("can be moved by one place, up to the ends", () => {
  expect(moved(["a", "b", "c"], "c", -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b", "c"], "a", -1)).toEqual(["a", "b", "c"]);
  expect(moved(["a", "b", "c"], "a", 1)).toEqual(["b", "a", "c"]);
});

it("share the remaining width", () =>
  expect(tracksOf(columnsOf("state,execution"))).toBe("var(--first) 152px minmax(190px, 3fr) var(--last)"));
