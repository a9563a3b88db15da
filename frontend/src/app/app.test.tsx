import { MantineProvider } from "@mantine/core";
import { act, render, renderHook, screen, within } from "@testing-library/react";
import { Provider } from "urql";
import { afterEach, expect, it, vi } from "vitest";
import { link } from "@/shared/graphql/link";
import { useKeys } from "@/shared/lib/keys";
import { preferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { clientOf } from "@/testing/world";
import { KeysDialog } from "./KeysDialog";
import { LinkIndicator } from "./LinkIndicator";
import { UnlessNoRole } from "./NoRole";

const drawn = (content: React.ReactNode) => render(<MantineProvider env="test">{content}</MantineProvider>);

// Before the page's formats are created, so that local time differs from UTC on every machine.
vi.hoisted(() => {
  process.env.TZ = "Asia/Tokyo";
});
afterEach(() => preferences.set({ zone: "local" }));

it("shows since when it is offline in the chosen time zone", () => {
  const lost = Date.now();
  link.move({ type: "opened", at: lost - 1 });
  link.move({ type: "lost", at: lost });
  link.move({ type: "overdue", at: lost });
  preferences.set({ zone: "utc" });
  drawn(<LinkIndicator />);
  const at = new Date(lost).toISOString();
  expect(formatTime(at, "utc")).not.toBe(formatTime(at, "local"));
  expect(screen.getByRole("status").textContent).toBe(`Offline since ${formatTime(at, "utc")}`);
  act(() => preferences.set({ zone: "local" }));
  expect(screen.getByRole("status").textContent).toBe(`Offline since ${formatTime(at, "local")}`);
});

it("merges key groups of one name", () => {
  const nothing = () => {};
  renderHook(() => {
    useKeys("Log", [{ key: "n", words: "next match", run: nothing }]);
    useKeys("Tasks", [{ key: "t", words: "next task", run: nothing }]);
    useKeys("Log", [{ key: "c", words: "copy", run: nothing }]);
  });
  drawn(<KeysDialog onClose={nothing} />);
  expect(screen.getAllByRole("heading", { level: 3 }).map((one) => one.textContent)).toEqual([
    "Log",
    "Tasks",
  ]);
  const log = screen.getByRole("heading", { level: 3, name: "Log" }).closest("section")!;
  expect(
    within(log)
      .getAllByRole("term")
      .map((one) => one.textContent),
  ).toEqual(["n", "c"]);
});

it.each([
  { permissions: [], shown: true },
  { permissions: ["VIEW_EXECUTION"], shown: false },
])(
  "a viewer with permissions $permissions sees the message about a missing role: $shown",
  async ({ permissions, shown }) => {
    const viewer = vi.fn(() => ({ actor: { kind: "USER", name: "nina" }, permissions }));
    drawn(
      <Provider value={clientOf({ viewer })}>
        <UnlessNoRole>the screen</UnlessNoRole>
      </Provider>,
    );
    if (shown)
      expect((await screen.findByRole("status")).textContent).toContain("You are signed in as nina.");
    await vi.waitFor(() => expect(viewer).toHaveBeenCalled());
    await act(async () => {});
    expect(screen.queryByText("the screen") === null).toBe(shown);
  },
);
