import { describe, expect, it, vi } from "vitest";
import { type Link, type LinkChange, LinkStore, moveLink, NOT_YET_LINKED } from "./link";

const phases = ["connecting", "live", "reconnecting", "offline", "signed-out"] as const;
const changes = ["opened", "lost", "overdue", "refused"] as const;

const expected: Record<
  (typeof phases)[number],
  Record<(typeof changes)[number], [string, number, number]>
> = {
  connecting: {
    opened: ["live", 9, 3],
    lost: ["connecting", 5, 3],
    overdue: ["offline", 9, 3],
    refused: ["signed-out", 9, 3],
  },
  live: {
    opened: ["live", 5, 3],
    lost: ["reconnecting", 9, 3],
    overdue: ["live", 5, 3],
    refused: ["signed-out", 9, 3],
  },
  reconnecting: {
    opened: ["live", 9, 4],
    lost: ["reconnecting", 5, 3],
    overdue: ["offline", 5, 3],
    refused: ["signed-out", 9, 3],
  },
  offline: {
    opened: ["live", 9, 4],
    lost: ["offline", 5, 3],
    overdue: ["offline", 5, 3],
    refused: ["signed-out", 9, 3],
  },
  "signed-out": {
    opened: ["live", 9, 4],
    lost: ["signed-out", 5, 3],
    overdue: ["signed-out", 5, 3],
    refused: ["signed-out", 9, 3],
  },
};

describe("moveLink", () => {
  for (const phase of phases) {
    for (const type of changes) {
      it(`${phase} and ${type}`, () => {
        const before: Link = { phase, since: 5, epoch: 3 };
        const change: LinkChange = { type, at: 9 };
        const [next, since, epoch] = expected[phase][type];
        expect(moveLink(before, change)).toEqual({ phase: next, since, epoch });
      });
    }
  }

  it("reports since when it is lost, even when the reconnect is overdue", () => {
    const lost = moveLink({ phase: "live", since: 1, epoch: 0 }, { type: "lost", at: 10 });
    expect(moveLink(lost, { type: "overdue", at: 25 })).toEqual({ phase: "offline", since: 10, epoch: 0 });
  });
});

it("reports why the session ended, until there is another one", () => {
  const ended = moveLink(
    { phase: "live", since: 1, epoch: 0 },
    { type: "refused", at: 2, reason: "revoked" },
  );
  expect(moveLink(ended, { type: "refused", at: 3 }).reason).toBe("revoked");
  expect(moveLink(ended, { type: "opened", at: 4 })).toEqual({ phase: "live", since: 4, epoch: 1 });
});

it("notifies its listeners only about changes", () => {
  const store = new LinkStore();
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  store.move({ type: "lost", at: 1 });
  expect(store.get()).toBe(NOT_YET_LINKED);
  expect(listener).not.toHaveBeenCalled();
  store.move({ type: "opened", at: 2 });
  expect(listener).toHaveBeenCalledTimes(1);
  stop();
  store.move({ type: "lost", at: 3 });
  expect(listener).toHaveBeenCalledTimes(1);
});
