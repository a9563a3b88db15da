import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { records } from "@/entities/execution/useRecord";
import type { TaskRunRowFragment } from "@/shared/graphql/gen/graphql";
import { aSnapshot, NO_LOGS } from "@/testing/fixtures";
import { aRun, done, failed, notRun, timeOf } from "@/testing/taskRuns";
import { Stream, show } from "@/testing/world";

const FAILED = [
  done("extract", 0, 5),
  failed("load", 5, 9, { needs: ["extract"] }),
  notRun("publish", { needs: ["load"] }),
  ...Array.from({ length: 25 }, (_, index) => done(`check_${index}`, 0, 1)),
];

const events = Array.from({ length: 12 }, (_, index) => ({
  __typename: "ExecutionEvent",
  seq: index + 1,
  at: timeOf(index),
  type: "TASK_RUN_STATE_CHANGED",
  toState: index === 8 ? "FAILED" : "RUNNING",
  taskRun: null,
}));

/** A live event. */
const arrived = (seq: number) => ({
  ...events[0]!,
  id: `evt_${seq}`,
  seq,
  at: timeOf(seq),
  fromState: null,
  attempt: null,
  actor: { kind: "ENGINE", name: "engine" },
  channel: "ENGINE",
  reason: null,
  causedBy: null,
});

type Given = Parameters<typeof aSnapshot>[0];

async function opened(
  taskRuns: TaskRunRowFragment[],
  address = "",
  given: Given = {},
  read: (args: never) => unknown = () => events,
) {
  const changes = new Stream<{ executionChanges: unknown }>();
  const snapshot = aSnapshot({
    state: "FAILED",
    startedAt: timeOf(0),
    endedAt: timeOf(10),
    seq: 12,
    taskRuns,
    ...given,
  });
  const usualTaskDurations = [{ key: "extract", p50: 4 }];
  const execution = {
    ...snapshot,
    events: read,
    usualTaskDurations,
    availableActions: [],
    waitingFor: [],
    logs: NO_LOGS,
    logCounts: [],
    task: null,
  };
  const shown = show(`/executions/exec_2${address}`, {
    execution: () => execution,
    executionChanges: () => changes,
    logs: () => new Stream(),
    approvals: () => ({ nodes: [] }),
  });
  const pane = await screen.findByRole("region", { name: "Tasks" });
  const change = (over: object) =>
    act(async () =>
      changes.push({
        executionChanges: {
          reset: false,
          cursor: "c",
          seq: 13,
          execution: snapshot,
          taskRuns: [],
          goneArtifactIds: [],
          approvals: [],
          notes: [],
          artifacts: [],
          children: [],
          events: [],
          metrics: [],
          ...over,
        },
      }),
    );
  return { ...shown, pane, change };
}

/** The names of the lines, in order. */
const lines = (pane: HTMLElement) =>
  [...pane.querySelectorAll<HTMLElement>("[data-row]")]
    .sort(
      (one, other) =>
        Number(one.ariaRowIndex ?? one.getAttribute("aria-rowindex")) -
        Number(other.ariaRowIndex ?? other.getAttribute("aria-rowindex")),
    )
    .map((row) => row.querySelector("[role=gridcell]")?.textContent?.trim());
const search = (router: { state: { location: { search: object } } }) => router.state.location.search;

// Each test draws the whole page, on machines that other jobs use as well.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => {
  records.delete("exec_2");
  // jsdom does no layout: the list is given a size.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(900);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(600);
});

describe("the tasks of a failed execution", () => {
  it("are listed: failed first, successes and their bars folded, and needs of tasks that did not run", async () => {
    const { pane } = await opened(FAILED);
    expect(lines(pane)).toEqual([
      "Failed loadshell",
      "In the order of the flow",
      "Success extractshell",
      "Not run publishshell",
      "25 succeeded",
    ]);
    expect(within(pane).getByText("needs load")).toBeTruthy();
    const bar = pane.querySelector<HTMLElement>('[data-task="load"] [data-kind="failed"]')!;
    expect(Number.parseFloat(bar.style.left)).toBeCloseTo(49, 0);
  });

  it("are counted by state, and a count filters by it", async () => {
    const { pane, router } = await opened(FAILED);
    await userEvent.click(within(pane).getByRole("button", { name: /^1 ?Failed$/ }));
    await waitFor(() => expect(search(router)).toMatchObject({ show: "failed" }));
    expect(lines(pane)).toEqual(["Failed loadshell"]);
    await userEvent.click(within(pane).getByRole("button", { name: /^26 ?Done$/ }));
    await waitFor(() =>
      expect(pane.querySelector("[role=treegrid]")?.getAttribute("aria-rowcount")).toBe("27"),
    );
  });

  it("are filtered by name; an empty result shows a message", async () => {
    const { pane } = await opened(FAILED);
    const box = within(pane).getByPlaceholderText("Filter 28 tasks");
    await userEvent.type(box, "check_2");
    expect(lines(pane)).toHaveLength(6);
    await userEvent.type(box, "zzz");
    await userEvent.click(within(pane).getByRole("button", { name: "Show all tasks" }));
    expect(lines(pane)).toHaveLength(5);
  });

  it("are selected by click and by keyboard, in the URL", async () => {
    const { pane, router } = await opened(FAILED);
    await userEvent.click(within(pane).getByText("extract"));
    await waitFor(() => expect(search(router)).toMatchObject({ task: "extract" }));
    const grid = within(pane).getByRole("treegrid");
    await userEvent.keyboard("{Escape}");
    grid.focus();
    await userEvent.keyboard("{Home}{Enter}");
    await waitFor(() => expect(search(router)).toMatchObject({ task: "load" }));
    expect(within(pane).getByRole("row", { selected: true }).dataset.task).toBe("load");
    await userEvent.keyboard("{End}{ArrowRight}");
    await waitFor(() => expect(lines(pane)).toHaveLength(30));
    await userEvent.keyboard("{ArrowLeft}");
    await waitFor(() => expect(lines(pane)).toHaveLength(5));
    await userEvent.keyboard("k");
    expect(grid.getAttribute("aria-activedescendant")).toBe("timeline-run_publish");
  });

  it("are zoomed by a drag over the axis, and reset again", async () => {
    const { pane } = await opened(FAILED);
    const axis = within(pane).getByRole("group", { name: "Time axis" });
    vi.spyOn(axis, "getBoundingClientRect").mockReturnValue({ left: 0, width: 100 } as DOMRect);
    fireEvent.pointerDown(axis, { clientX: 40, pointerId: 1 });
    fireEvent.pointerMove(axis, { clientX: 90, pointerId: 1 });
    fireEvent.pointerUp(axis, { clientX: 90, pointerId: 1 });
    expect(pane.querySelector('[data-task="extract"] [data-kind="good"]')).toHaveProperty("style.left", "0%");
    await userEvent.click(within(pane).getByRole("button", { name: "Whole time" }));
    expect(within(pane).queryByRole("button", { name: "Whole time" })).toBeNull();
  });

  it("may be missing", async () => {
    const { pane } = await opened([], "", { state: "RUNNING", endedAt: null });
    expect(within(pane).getByText("No task has been planned yet.")).toBeTruthy();
  });
});

describe("a change", () => {
  it("renders only the lines that it names", async () => {
    const each = aRun("each", [["RUNNING", 0]], { type: "foreach" });
    const turns = Array.from({ length: 8 }, (_, index) => aRun(`each[${index}].fetch`, [["RUNNING", 1]]));
    const { pane, change } = await opened([each, ...turns], "", { state: "RUNNING", endedAt: null });
    const touched = new Set<string>();
    const observer = new MutationObserver((mutations) => {
      for (const { target } of mutations) {
        const row = (target.nodeType === 1 ? (target as Element) : target.parentElement)?.closest(
          "[data-row]",
        );
        const key = row?.getAttribute("data-row");
        if (key) touched.add(key);
      }
    });
    observer.observe(pane, { subtree: true, childList: true, characterData: true, attributes: true });
    await change({ taskRuns: [failed("each[2].fetch", 1, 2)], events: [] });
    await waitFor(() => expect(within(pane).getByRole("button", { name: /Failed/ })).toBeTruthy());
    observer.disconnect();
    expect([...touched].filter((key) => key.includes("].fetch") && key !== "run_each[2].fetch")).toEqual([
      "run_each[0].fetch",
      "run_each[1].fetch",
    ]); // the failed one moves to the top: the ones before it move down, and nothing else changes
  });
});

describe("the scrubber", () => {
  it("moves to any event by keyboard, and back to the end", async () => {
    const { pane, router } = await opened(FAILED);
    const knob = within(pane).getByRole("slider", { name: "Moment shown" });
    await waitFor(() => expect(knob.getAttribute("aria-valuetext")).toContain("event 12 of 12"));
    knob.focus();
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    expect(knob.getAttribute("aria-valuetext")).toContain("event 10 of 12");
    await waitFor(() => expect(search(router)).toMatchObject({ at: "10" }));
    await userEvent.click(within(pane).getByRole("button", { name: "Back to the end" }));
    await waitFor(() => expect(search(router)).not.toHaveProperty("at"));
  });

  it("follows the pointer", async () => {
    const { pane, router } = await opened(FAILED);
    const knob = within(pane).getByRole("slider", { name: "Moment shown" });
    await waitFor(() => expect(knob.getAttribute("aria-valuemax")).toBe("12"));
    const track = knob.parentElement!;
    vi.spyOn(track, "getBoundingClientRect").mockReturnValue({ left: 0, width: 100 } as DOMRect);
    fireEvent.pointerDown(track, { clientX: 41, pointerId: 1, buttons: 1 });
    await waitFor(() => expect(search(router)).toMatchObject({ at: "5" }));
    fireEvent.pointerMove(track, { clientX: 61, pointerId: 1, buttons: 1 }); // it continues where it rested
    fireEvent.pointerUp(track, { clientX: 61, pointerId: 1 });
    await waitFor(() => expect(search(router)).toMatchObject({ at: "7" }));
    fireEvent.pointerMove(track, { clientX: 21, pointerId: 1 });
    expect(knob.getAttribute("aria-valuenow")).toBe("7");
  });

  it("stays at the end when events arrive while the pointer is pressed there", async () => {
    const { pane, router, change } = await opened(FAILED, "", { state: "RUNNING", endedAt: null });
    const knob = within(pane).getByRole("slider", { name: "Moment shown" });
    await waitFor(() => expect(knob.getAttribute("aria-valuemax")).toBe("12"));
    const track = knob.parentElement!;
    vi.spyOn(track, "getBoundingClientRect").mockReturnValue({ left: 0, width: 100 } as DOMRect);
    fireEvent.pointerDown(track, { clientX: 100, pointerId: 1, buttons: 1 });
    await change({ events: [arrived(13)] });
    expect(knob.getAttribute("aria-valuenow")).toBe("13");
    fireEvent.pointerUp(track, { clientX: 100, pointerId: 1 });
    fireEvent.keyDown(knob, { key: "End" });
    await change({ seq: 14, events: [arrived(14)] });
    fireEvent.pointerUp(track, { clientX: 100, pointerId: 1 });
    expect(knob.getAttribute("aria-valuenow")).toBe("14");
    expect(search(router)).not.toHaveProperty("at");
  });

  it("keeps its event when the pages in between are read", async () => {
    const early = events.slice(0, 2);
    const late = Array.from({ length: 3 }, (_, at) => ({
      ...events[0]!,
      seq: 1201 + at,
      at: timeOf(50 + at),
    }));
    let readBetween: (page: unknown) => void = () => {};
    const between = new Promise((resolve) => {
      readBetween = resolve;
    });
    const read = ({
      first,
      last,
      after,
    }: {
      first?: number | null;
      last?: number | null;
      after?: number | null;
    }) => {
      if (last) return late;
      if (first && !after) return early;
      return between;
    };
    const { pane, router } = await opened(FAILED, "", { seq: 1203 }, read);
    const knob = within(pane).getByRole("slider", { name: "Moment shown" });
    await waitFor(() => expect(knob.getAttribute("aria-valuemax")).toBe("1203"));
    fireEvent.keyDown(knob, { key: "ArrowLeft" });
    fireEvent.keyDown(knob, { key: "ArrowLeft" });
    expect(knob.getAttribute("aria-valuenow")).toBe("1201");
    fireEvent.focus(knob);
    await act(async () =>
      readBetween(
        Array.from({ length: 1198 }, (_, at) => ({ ...events[0]!, seq: 3 + at, at: timeOf(3 + at / 100) })),
      ),
    );
    expect(knob.getAttribute("aria-valuenow")).toBe("1201");
    await waitFor(() => expect(search(router)).toMatchObject({ at: "1201" }));
  });
});

it.each([
  [
    "recorded from elsewhere",
    { origin: "EXTERNAL" },
    "This execution ran elsewhere, and no tasks were recorded.",
  ],
  ["ended before its first task", { state: "FAILED" }, "This execution ended before any task was planned."],
] as const)(
  "an execution %s shows a message, the scrubber, and the inspector in full width",
  async (_, given, words) => {
    const { pane } = await opened([], "", given);
    expect(pane.textContent).toContain(words);
    expect(within(pane).getByRole("slider", { name: "Moment shown" })).toBeTruthy();
    expect(within(pane).queryByRole("treegrid")).toBeNull();
    expect(screen.queryByRole("separator", { name: "Width of the tasks" })).toBeNull();
  },
);
