import { describe, expect, it } from "vitest";
import { anInboxItem } from "@/testing/fixtures";
import { EMPTY_INBOX, foldInbox, type Inbox } from "./inbox";

const first = anInboxItem({ id: "appr_1", requestedAt: "2026-01-14T02:00:00Z" });
const second = anInboxItem({ id: "appr_2", requestedAt: "2026-01-14T03:00:00Z" });
const third = anInboxItem({ id: "appr_3", requestedAt: "2026-01-14T03:00:00Z" });

function changed(inbox: Inbox, items = [first], over: { reset?: true; gone?: string[]; held?: string } = {}) {
  const { held = null, ...rest } = over;
  const total = { value: items.length, exact: true };
  return foldInbox(inbox, {
    type: "changed",
    held,
    change: { reset: false, gone: [], totalCount: total, ...rest, changed: items },
  });
}

const ids = (inbox: Inbox) => inbox.items.map((item) => item.id);
const started = changed(EMPTY_INBOX, [third, first, second], { reset: true });

describe("the inbox", () => {
  it("is sorted oldest first, whatever the order of arrival", () => {
    expect(ids(started)).toEqual(["appr_1", "appr_2", "appr_3"]);
    expect(started.total.value).toBe(3);
  });

  it("is known to be empty after a first message without requests", () => {
    expect(changed(EMPTY_INBOX, [], { reset: true })).toEqual({ ...EMPTY_INBOX, loaded: true });
  });

  it("removes decided requests", () => {
    expect(ids(changed(started, [], { gone: ["appr_2", "appr_9"] }))).toEqual(["appr_1", "appr_3"]);
  });

  it("updates changed requests in place", () => {
    const voted = { ...second, message: "Still?" };
    const inbox = changed(started, [voted]);
    expect(inbox.items.map((item) => item.message)).toEqual([first.message, "Still?", third.message]);
  });

  it("removes requests that a reset does not name", () => {
    expect(ids(changed(started, [third], { reset: true }))).toEqual(["appr_3"]);
  });
});

describe("a request that is open while somebody else decides it", () => {
  const gone = changed(started, [], { gone: ["appr_1", "appr_2"], held: "appr_2" });
  const decided = { ...second, state: "APPROVED" as const };

  it("stays, marked as gone, until it is closed", () => {
    expect(ids(gone)).toEqual(["appr_2", "appr_3"]);
    expect([...gone.gone]).toEqual(["appr_2"]);
    expect(ids(foldInbox(gone, { type: "closed" }))).toEqual(["appr_3"]);
  });

  it("survives a reset", () => {
    const inbox = changed(started, [first], { reset: true, held: "appr_2" });
    expect([ids(inbox), [...inbox.gone]]).toEqual([["appr_1", "appr_2"], ["appr_2"]]);
  });

  it("is removed with the next message once it is closed", () => {
    expect(ids(changed(gone, []))).toEqual(["appr_3"]);
  });

  it("is shown as decided", () => {
    expect(foldInbox(gone, { type: "decided", item: decided }).items[0]).toEqual(decided);
    expect(foldInbox(started, { type: "decided", item: decided })).toBe(started);
  });

  it("is pending again when it is requested again", () => {
    const again = changed(gone, [second], { held: "appr_2" });
    expect([ids(again), again.gone.size]).toEqual([["appr_2", "appr_3"], 0]);
  });
});
