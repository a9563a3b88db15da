import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { link } from "@/shared/graphql/link";
import { Duration } from "./Duration";

const START = "2026-01-14T02:00:00.000Z";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(START) + 61_000 });
  link.move({ type: "opened", at: Date.now() });
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => act(async () => vi.advanceTimersByTime(ms));

it("is updated every second while the page is live", async () => {
  render(<Duration startedAt={START} endedAt={null} />);
  expect(screen.getByText("1m 01s")).toBeTruthy();
  await pass(2000);
  expect(screen.getByText("1m 03s")).toBeTruthy();
});

it("is frozen and marked when the connection is lost", async () => {
  render(<Duration startedAt={START} endedAt={null} />);
  await act(async () => link.move({ type: "lost", at: Date.now() }));
  const frozen = screen.getByTitle("not followed live").textContent;
  await pass(5000);
  expect(screen.getByTitle("not followed live").textContent).toBe(frozen);
  expect(frozen).toMatch(/\+$/);
});

it("is exact once it has ended, and empty before it started", () => {
  render(
    <>
      <Duration startedAt={START} endedAt="2026-01-14T02:00:01.400Z" />
      <Duration startedAt={START} endedAt="2026-01-15T02:00:12.400Z" idle={86_400} />
      <Duration startedAt={null} endedAt={null} />
    </>,
  );
  expect(screen.getByText("1.4s")).toBeTruthy();
  expect(screen.getByText("12s"), "the day between its end and the restart is left out").toBeTruthy();
  expect(screen.getByTitle("not started").textContent).toBe("–");
});
