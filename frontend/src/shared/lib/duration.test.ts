import { describe, expect, it } from "vitest";
import { formatDuration, formatTicking, secondsBetween } from "./duration";

describe("formatDuration", () => {
  it.each([
    [-3, "0ms"],
    [0, "0ms"],
    [0.046, "46ms"],
    [1.46, "1.4s"],
    [9.99, "9.9s"],
    [10, "10s"],
    [59.9, "59s"],
    [60, "1m 00s"],
    [185, "3m 05s"],
    [3599.9, "59m 59s"],
    [3600, "1h 00m"],
    [7620, "2h 07m"],
    [86_399, "23h 59m"],
    [86_400, "1d 00h"],
    [273_600, "3d 04h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("formatTicking", () => {
  it.each([
    [-1, "0s"],
    [3.9, "3s"],
    [10.2, "10s"],
    [61, "1m 01s"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatTicking(seconds)).toBe(text);
  });
});

describe("secondsBetween", () => {
  const start = "2026-01-01T00:00:00.250000Z";
  it("is null before the start", () => expect(secondsBetween(null, null, 0)).toBeNull());
  it("ends at the end", () => expect(secondsBetween(start, "2026-01-01T00:00:02.750000Z", 0)).toBe(2.5));
  it("is as precise as the server's durations", () => {
    expect(secondsBetween("2026-01-01T00:00:00.000999Z", "2026-01-01T00:00:00.154000Z", 0)).toBe(0.153001);
    expect(secondsBetween("2026-01-01T00:00:00.0009Z", "2026-01-01T00:00:01Z", 0)).toBe(0.9991);
    expect(secondsBetween("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", 0)).toBe(1);
  });
  it("runs until now", () => expect(secondsBetween(start, null, Date.parse(start) + 1500)).toBe(1.5));
  it("is never negative when the clocks differ", () =>
    expect(secondsBetween(start, null, Date.parse(start) - 900)).toBe(0));
});
