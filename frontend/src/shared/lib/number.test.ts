import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatInteger, formatNumber, plural } from "./number";

const plain = (text: string) => text.replaceAll("\u2009", " ");

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1 000"],
  [1204117, "1 204 117"],
  [-12345, "−12 345"],
])("%d is written %s", (value, text) => expect(plain(formatInteger(value))).toBe(text));

it("marks a capped count", () => {
  expect(plain(formatCount({ value: 10_000, exact: false }))).toBe("10 000+");
  expect(formatCount({ value: 7, exact: true })).toBe("7");
});

it.each([
  [0.08412345, "0.08412"],
  [0.5, "0.5"],
  [1840, "1 840"],
  [22940.4, "22 940"],
  [-0.0125, "−0.0125"],
  [4.2e-9, "4.20e−9"],
  [Number.NaN, "NaN"],
  [0, "0"],
])("%d is measured as %s", (value, text) => expect(plain(formatNumber(value))).toBe(text));

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1 023 B"],
    [1024, "1.0 KiB"],
    [333447168, "318 MiB"],
  ])("%d are %s", (bytes, text) => expect(plain(formatBytes(bytes))).toBe(text));
});

it("distinguishes singular and plural", () => {
  expect(plural(1, "task")).toBe("1 task");
  expect(plural(2, "try", "tries")).toBe("2 tries");
});
