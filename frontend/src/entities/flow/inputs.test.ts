import { describe, expect, it } from "vitest";
import { commandLine, entriesOf, type Field, placed, readEntries } from "./inputs";

const field = (id: string, type: string, more: Partial<Field> = {}): Field =>
  ({
    __typename: "FlowInput",
    id,
    type,
    required: false,
    default: null,
    description: null,
    options: null,
    min: null,
    max: null,
    pattern: null,
    dependsOn: [],
    ...more,
  }) as Field;

const FIELDS = [
  field("day", "DATE", { required: true }),
  field("size", "INT", { default: 500 }),
  field("full", "BOOL", { default: true }),
  field("regions", "MULTISELECT", { options: ["eu", "us"], default: ["eu"] }),
  field("extra", "JSON"),
  field("name", "STRING", { default: "{{ flow.id }}" }),
];

describe("the form", () => {
  it("opens with given values, else defaults, but no expressions", () => {
    expect(entriesOf(FIELDS, { day: "2026-01-31", extra: { a: 1 } })).toEqual({
      day: "2026-01-31",
      size: "500",
      full: true,
      regions: ["eu"],
      extra: '{\n  "a": 1\n}',
      name: "",
    });
  });

  it("opens without the secret of the previous run", () => {
    expect(entriesOf([field("password", "SECRET")], { password: "****" })).toEqual({ password: "" });
  });

  it("sends the filled fields, and reports invalid JSON at its field", () => {
    const entries = { day: "2026-01-31", size: "7", full: false, regions: [], extra: "{", name: "" };
    const { values, faults } = readEntries(FIELDS, entries);
    expect(values).toEqual({ day: "2026-01-31", size: "7", full: false, regions: [] });
    expect(faults.extra).toContain("not JSON");
  });

  it("places the server's problems at their fields", () => {
    const day = { message: "day is required", path: ["inputs", "day"] };
    const other = { message: "the flow is disabled", path: ["flow"] };
    expect(placed([day, other], FIELDS)).toEqual({ byField: { day: "day is required" }, others: [other] });
  });
});

it("is written as a command line that a shell parses", () => {
  expect(commandLine(["run", "acme/etl"], { day: "2026-01-31", note: "it's", list: [1] })).toBe(
    `headway run acme/etl -i day=2026-01-31 -i 'note=it'\\''s' -i 'list:=[1]'`,
  );
  expect(commandLine(["prepare", "exec_1", "--run"], {}, { disable: ["a", "b c"], reason: [] })).toBe(
    "headway prepare exec_1 --run --disable=a --disable='b c'",
  );
});
