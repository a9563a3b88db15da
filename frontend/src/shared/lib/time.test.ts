import { describe, expect, it } from "vitest";
import { formatAgo, formatClock, formatExact, formatTime } from "./time";

describe("formatTime", () => {
  const at = new Date(2026, 2, 4, 14, 3, 22);
  it("is a time of day on the same day", () => {
    expect(formatTime(at.toISOString(), "local", at.getTime() + 1000)).toMatch(/^14:03:22$/);
  });
  it("includes the day otherwise", () => {
    expect(formatTime(at.toISOString(), "local", at.getTime() + 86_400_000)).toMatch(/4.*14:03:22$/);
  });
  it("includes the year if it is not the current one", () => {
    expect(formatTime(at.toISOString(), "local", new Date(2026, 11, 31).getTime())).not.toContain("2026");
    expect(formatTime(at.toISOString(), "local", new Date(2027, 0, 1).getTime())).toMatch(
      /4.*2026.*14:03:22$/,
    );
    const eve = new Date(2025, 11, 31, 23, 59, 59);
    expect(formatTime(eve.toISOString(), "local", eve.getTime() + 1000)).toMatch(/31.*2025.*23:59:59$/);
  });
});

it("uses UTC if that was chosen", () => {
  expect(formatTime("2026-03-04T23:59:59.000Z", "utc", Date.parse("2026-03-04T00:00:00Z"))).toBe("23:59:59");
  expect(formatClock("2026-03-04T23:59:59.000Z", "utc")).toBe("23:59:59");
});

it("gives local and UTC in the exact form", () => {
  expect(formatExact("2026-03-04T14:03:22.000Z")).toContain("2026-03-04T14:03:22.000Z");
});

describe("formatAgo", () => {
  it.each([
    [-5, "just now"],
    [4, "just now"],
    [40, "40s ago"],
    [720, "12m ago"],
    [10_800, "3h ago"],
    [432_000, "5d ago"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatAgo(0, seconds * 1000)).toBe(text);
  });
});
