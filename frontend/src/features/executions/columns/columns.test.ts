import { describe, expect, it } from "vitest";
import { columnOf, columnsOf, DEFAULT, fitting, joinedColumns, moved, namesOf, tracksOf } from "./columns";

const ids = (columns: { id: string }[]) => columns.map((column) => column.id);

describe("columns", () => {
  it("are the usual ones unless somebody chose", () => expect(ids(columnsOf(undefined))).toEqual(DEFAULT));
  it("come from the address, without those that mean nothing", () =>
    expect(ids(columnsOf("state,execution,kind,nonsense,metric.loss,kind"))).toEqual([
      "state",
      "execution",
      "kind",
      "metric.loss",
    ]));
  it("always have the state and the name", () =>
    expect(ids(columnsOf("kind"))).toEqual(["state", "execution", "kind"]));
  it("keep a comma in a name", () => {
    const text = joinedColumns(["state", "execution", "label.a,b"]);
    expect(ids(columnsOf(text))).toEqual(["state", "execution", "label.a,b"]);
  });
  it("of a value are called by its key; metrics are numbers", () => {
    expect(columnOf("metric.loss.train")).toMatchObject({ name: "loss.train", align: "right" });
    expect(columnOf("label.team")).toMatchObject({ name: "team" });
    expect(columnOf("label.")).toBeUndefined();
  });
  it("ask the server for what rows do not have", () =>
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
  it("has all that fit", () => expect(fitting(all, 1400)).toEqual(all));
  it("loses optional ones first, the last of them first", () => {
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
  it("never loses the state and the name", () =>
    expect(ids(fitting(all, 10))).toEqual(["state", "execution"]));
});

it("move by one place and stop at the ends", () => {
  expect(moved(["a", "b", "c"], "c", -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b", "c"], "a", -1)).toEqual(["a", "b", "c"]);
  expect(moved(["a", "b", "c"], "a", 1)).toEqual(["b", "a", "c"]);
});

it("share what is left", () =>
  expect(tracksOf(columnsOf("state,execution"))).toBe("var(--first) 152px minmax(190px, 3fr) var(--last)"));
