import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { entering, opened, served } from "@/testing/list";

const failure = { message: "exit code 3", fingerprint: "f", others: 0, skippedCount: 0, taskRun: null };
const ROWS = [
  aRow({ id: "exec_4", name: "sync-4", flowKey: "sync", state: "QUEUED", startedAt: null, progress: 0 }),
  aRow({ id: "exec_3", name: "etl-3" }),
  aRow({
    id: "exec_2",
    name: "etl-2",
    state: "FAILED",
    startedAt: "2026-01-14T01:50:00Z",
    endedAt: "2026-01-14T01:54:12Z",
    failure,
  }),
];
const bar = (name: string) => screen.getByLabelText<HTMLAnchorElement>(new RegExp(`^${name},`));

describe("the timeline", { timeout: 20_000 }, () => {
  const shown = async () => {
    const made = await opened("&view=time");
    await made.send({ reset: true, enter: entering(...ROWS), totalCount: { value: 1204, exact: true } });
    return made;
  };

  it("shows the rows of the list by flow, and their number of all", async () => {
    await shown();
    const timeline = screen.getByLabelText("Timeline", { selector: "[role=group]" });
    expect(timeline.textContent).toContain("3 of 1\u2009204 executions");
    expect(screen.queryByRole("table")).toBeNull();
    expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual(
      expect.arrayContaining(["sync1", "nightly-orders1 failed2"]),
    );
    expect(bar("etl-2").getAttribute("aria-label")).toMatch(/^etl-2, Failed after 4m 12s, started/);
    expect(bar("sync-4").getAttribute("aria-label")).toBe("sync-4, Queued, not started");
    expect(bar("etl-2").getAttribute("href")).toBe("/executions/exec_2");
  });

  it("supports the arrow keys; the focused bar shows its details", async () => {
    const { user } = await shown();
    bar("sync-4").focus();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    await waitFor(() => expect(document.activeElement).toBe(bar("etl-3")));
    await user.keyboard("{ArrowUp}");
    await waitFor(() => expect(document.activeElement).toBe(bar("etl-2")));
    expect([bar("etl-2").tabIndex, bar("etl-3").tabIndex]).toEqual([0, -1]);
    expect(screen.getByText("exit code 3")).toBeTruthy();
  });

  it("is switched to from the list, in the URL, with the same filter", async () => {
    const { user, router, own } = await shown();
    await user.click(screen.getByRole("radio", { name: "List" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ q: own }));
    expect(await screen.findByRole("table", { name: "Executions" })).toBeTruthy();
    await user.click(screen.getByRole("radio", { name: "Timeline" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ q: own, view: "time" }));
  });

  it("is updated with the rows", async () => {
    const { send } = await shown();
    const ended = aRow({ ...ROWS[1]!, seq: 9, state: "SUCCESS", endedAt: "2026-01-14T02:03:05Z" });
    await send({ update: [served(ended) as never] });
    expect(bar("etl-3").getAttribute("aria-label")).toMatch(/^etl-3, Success after 3m 05s/);
    await send({ update: [served({ ...ended, seq: 10, idle: 65 }) as never] });
    expect(bar("etl-3").getAttribute("aria-label")).toMatch(
      /Success after 2m 00s, .*, 1m 05s between its end and a restart$/,
    );
    expect(bar("etl-3").dataset.idle).toBe("true");
  });
});
