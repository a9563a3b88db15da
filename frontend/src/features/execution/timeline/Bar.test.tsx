import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { aTask } from "@/testing/fixtures";
import { Fan } from "./Bar";

const START = Date.parse("2026-01-14T02:00:00Z");
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

it("draws a foreach while it ran, and not between its end and a restart", () => {
  const stateHistory = [
    { state: "QUEUED", at: at(0) },
    { state: "RUNNING", at: at(0) },
    { state: "FAILED", at: at(10) },
    { state: "CREATED", at: at(80) },
    { state: "RUNNING", at: at(80) },
    { state: "SUCCESS", at: at(100) },
  ] as never;
  const { container } = render(
    <Fan
      task={aTask("each", { stateHistory })}
      iterations={[]}
      range={{ from: START, to: START + 100_000 }}
    />,
  );
  const places = [...container.querySelectorAll("i")].map(({ style }) => [style.left, style.width]);
  expect(places).toEqual([
    ["0%", "10%"],
    ["80%", "20%"],
  ]);
});
