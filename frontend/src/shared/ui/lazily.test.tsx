import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { Component, type ReactNode, Suspense } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lazily } from "./lazily";

const Part = ({ name }: { name: string }) => <p>The part of {name}</p>;
const LOST = new TypeError("Failed to fetch dynamically imported module");

/** A part whose loads are answered by the test, in their order. */
function parts(answers: (typeof Part | Error)[], closing?: () => void) {
  let count = 0;
  const load = async () => {
    const answer = answers[count++];
    if (!answer || answer instanceof Error) throw answer ?? LOST;
    return answer;
  };
  const Lazy = lazily<{ name: string }>(load, closing && { closing: () => closing });
  return { Lazy, loads: () => count };
}

const drawn = (content: ReactNode) =>
  act(async () =>
    render(
      <MantineProvider env="test">
        <p>The rest of the page</p>
        <Suspense>{content}</Suspense>
      </MantineProvider>,
    ),
  );
const press = (name: string) => act(async () => fireEvent.click(screen.getByRole("button", { name })));
const served = (text: string) => vi.spyOn(window, "fetch").mockImplementation(async () => new Response(text));

beforeEach(() => {
  const script = document.createElement("script");
  script.type = "module";
  script.setAttribute("src", "/assets/index-1.js");
  document.head.append(script);
  vi.spyOn(console, "error").mockReturnValue(); // React logs caught errors
});
afterEach(() => document.head.querySelector("script")?.remove());

it("shows in its place that it could not be loaded, and retries", async () => {
  served('<script src="/assets/index-1.js">');
  const { Lazy } = parts([LOST, LOST, Part]);
  await drawn(<Lazy name="a" />);
  expect(screen.getByRole("alert").textContent).toContain("could not be loaded");
  expect(screen.getByText("The rest of the page")).toBeTruthy();
  await press("Try again");
  expect(screen.getByRole("alert"), "it failed again").toBeTruthy();
  await press("Try again");
  expect(screen.getByText("The part of a")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

it("offers to reload when the server has another build", async () => {
  served('<script src="/assets/index-2.js">');
  const { Lazy } = parts([LOST]);
  await drawn(<Lazy name="a" />);
  expect(await screen.findByRole("button", { name: "Reload" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});

it("of a dialog can be closed, and is loaded when the dialog is opened again", async () => {
  served("");
  const closed = vi.fn();
  const { Lazy } = parts([LOST, Part], closed);
  const first = await drawn(<Lazy name="a" />);
  await press("Close");
  expect(closed).toHaveBeenCalledOnce();
  first.unmount();
  await drawn(<Lazy name="a" />);
  expect(screen.getByText("The part of a")).toBeTruthy();
});

it("is rendered at once after a preload, and a failed preload is retried", async () => {
  const { Lazy, loads } = parts([LOST, Part]);
  await Lazy.preload();
  await Lazy.preload();
  render(<Lazy name="a" />);
  expect(screen.getByText("The part of a")).toBeTruthy();
  expect(loads()).toBe(2);
});

it("keeps its identity when it is rendered again", async () => {
  const { Lazy } = parts([Part]);
  const { rerender } = await act(async () => render(<Lazy name="a" />, { wrapper: Suspense }));
  const part = screen.getByText("The part of a");
  rerender(<Lazy name="b" />);
  expect(screen.getByText("The part of b")).toBe(part);
});

it("leaves rendering errors to the boundary around it", async () => {
  const Broken = () => {
    throw new Error("broken");
  };
  class Around extends Component<{ children: ReactNode }, { words: string }> {
    override state = { words: "" };
    static getDerivedStateFromError = (error: Error) => ({ words: error.message });
    override render = () => this.state.words || this.props.children;
  }
  const { Lazy } = parts([Broken as typeof Part]);
  await drawn(
    <Around>
      <Lazy name="a" />
    </Around>,
  );
  expect(screen.getByText(/broken/)).toBeTruthy();
});
