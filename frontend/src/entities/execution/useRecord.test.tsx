import { act, renderHook } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { link } from "@/shared/graphql/link";
import { aSnapshot, aTask } from "@/testing/fixtures";
import { socketClientOf } from "@/testing/socket";
import { Stream } from "@/testing/world";
import { fold, recordOf } from "./record";
import { records, useRecord } from "./useRecord";

const FILE = {
  id: "use_1",
  name: "orders.csv",
  type: "file",
  version: "1",
  uri: "file:///orders.csv",
  digest: null,
  size: 7,
  direction: "OUT" as const,
  properties: {},
  taskRunId: "run_load",
  taskKey: "load",
  createdAt: "2026-01-14T02:00:00.000000Z",
  downloadUrl: null,
  previewUrl: null,
};

const at = (seq: number, over: Parameters<typeof aSnapshot>[0] = {}) =>
  aSnapshot({ seq, cursor: `cursor-${seq}`, ...over });

function changed(seq: number, over: object = {}) {
  const { taskRuns, approvals, notes, artifacts, children, cursor, ...execution } = at(seq);
  const lists = { taskRuns, approvals, notes, artifacts, children, goneArtifactIds: [], events: [] };
  return { executionChanges: { reset: false, cursor, seq, execution, ...lists, ...over } };
}

/** A server whose responses and streams are controlled by the test. */
function opened({ moment, gone = false }: { moment?: number; gone?: boolean } = {}) {
  const reads: {
    answer: (snapshot: object | null) => void;
    fail: (error: Error) => void;
    at: number | null;
  }[] = [];
  const streams: { after: string | null; stream: Stream<object> }[] = [];
  const world = {
    execution: (args: { at: number | null }) =>
      new Promise<object | null>((answer, fail) => reads.push({ answer, fail, at: args.at ?? null })),
    executionChanges: ({ after }: { after: string | null }) => {
      if (gone) throw new GraphQLError("no execution exec_2", { extensions: { code: "NOT_FOUND" } });
      const stream = new Stream<object>();
      streams.push({ after, stream });
      return stream;
    },
  };
  const client = socketClientOf(world);
  const hook = renderHook(({ at }) => useRecord("exec_2", at), {
    initialProps: { at: moment },
    wrapper: ({ children }) => <Provider value={client}>{children}</Provider>,
  });
  return { ...hook, reads, streams };
}

const settle = (ms = 0) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const does = async (what: () => void) => {
  await act(async () => what());
  await settle();
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  link.move({ type: "opened", at: 0 });
});
afterEach(() => {
  vi.useRealTimers();
  records.delete("exec_2");
});

/** Loaded and subscribed. */
async function followed() {
  const world = opened();
  await settle();
  await does(() => world.reads[0]!.answer(at(3, { taskRuns: [aTask("load", { state: "RUNNING" })] })));
  expect(world.result.current.record?.seq).toBe(3);
  return world;
}

it("stops the stream at a reset, keeps showing the record, and resumes from the new snapshot", async () => {
  const { result, reads, streams } = await followed();
  const { stream } = streams[0]!;
  const ended = vi.spyOn(stream, "return");
  await does(() => {
    stream.push(changed(9, { reset: true }));
    stream.push(changed(10, { taskRuns: [aTask("after")] }));
  });
  expect(ended).toHaveBeenCalled();
  expect([...result.current.record!.taskRuns.keys()], "nothing is folded over the gap").toEqual(["run_load"]);
  expect([reads.length, streams.length]).toEqual([2, 1]);

  await does(() => reads[1]!.answer(at(10, { taskRuns: [aTask("load"), aTask("after")] })));
  expect(result.current.record).toMatchObject({ seq: 10, cursor: "cursor-10" });
  expect(result.current.record!.taskRuns.size).toBe(2);
  expect([reads.length, streams[1]?.after]).toEqual([2, "cursor-10"]);
  await does(() => streams[1]!.stream.push(changed(11)));
  expect(result.current.record!.seq).toBe(11);
});

it("accepts a snapshot with a lower seq after a reset, and resumes from it", async () => {
  const { result, reads, streams } = await followed();
  await does(() => streams[0]!.stream.push(changed(7)));
  await does(() => streams[0]!.stream.push(changed(9, { reset: true })));
  await does(() => reads[1]!.answer(at(5)));
  expect(result.current.record).toMatchObject({ seq: 5, cursor: "cursor-5" });
  expect(streams[1]?.after).toBe("cursor-5");
  await does(() => streams[1]!.stream.push(changed(6)));
  expect(result.current.record?.seq).toBe(6);
});

it("keeps only the last events", () => {
  let record = recordOf(at(3));
  for (let seq = 4; seq < 304; seq += 1) {
    const event = { seq, at: "2026-01-14T02:00:00Z", type: "PROGRESS_REPORTED", toState: null };
    record = fold(record, changed(seq, { events: [event] }).executionChanges as never);
  }
  expect(record.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, index) => 104 + index));
});

it("reports why a snapshot could not be read, and retries with growing delays", async () => {
  const { result, reads, streams } = await followed();
  await does(() => streams[0]!.stream.push(changed(9, { reset: true })));
  await does(() => reads[1]!.fail(new Error("the database is away")));
  expect(result.current.record?.seq).toBe(3);
  expect(result.current.error?.message).toContain("the database is away");
  await settle(1_999);
  expect(reads).toHaveLength(2);
  await settle(1);
  expect(reads).toHaveLength(3);
  await does(() => reads[2]!.fail(new Error("still away")));
  await settle(3_999);
  expect(reads).toHaveLength(3);
  await settle(1);
  await does(() => reads[3]!.answer(at(9)));
  expect(result.current.error).toBeUndefined();
  expect(result.current.record?.seq).toBe(9);
  await settle(60_000);
  expect([reads.length, streams.length]).toEqual([4, 2]);
});

it("reads a cached record again only if a reset was pending", async () => {
  const first = await followed();
  first.unmount();
  const whole = opened();
  await settle();
  expect([whole.reads.length, whole.streams[0]?.after]).toEqual([0, "cursor-3"]);
  await does(() => whole.streams[0]!.stream.push(changed(9, { reset: true })));
  whole.unmount();

  const back = opened();
  await settle();
  expect(back.result.current.record?.seq, "shown until the new one is loaded").toBe(3);
  expect([back.reads.length, back.streams.length]).toEqual([1, 0]);
  await does(() => back.reads[0]!.answer(at(9)));
  expect([back.result.current.record?.seq, back.streams.length]).toEqual([9, 1]);
});

it("removes the artifacts of an attempt that then failed", async () => {
  const { result, streams } = await followed();
  await does(() => streams[0]!.stream.push(changed(4, { artifacts: [FILE] })));
  expect([...result.current.record!.artifacts.keys()]).toEqual(["use_1"]);
  await does(() => streams[0]!.stream.push(changed(5, { goneArtifactIds: ["use_1"] })));
  expect(result.current.record!.artifacts.size).toBe(0);
});

it("reports a deleted execution when the stream ended and the server does not have it", async () => {
  const { result, reads, streams } = await followed();
  await does(() => void streams[0]!.stream.return());
  expect(result.current.missing, "until the server has answered").toBe(false);
  await does(() => reads[1]!.answer(null));
  expect(result.current).toMatchObject({ missing: true, record: undefined });
  expect(records.get("exec_2")).toBeUndefined();
});

it("reports a deleted execution when the stream of a cached one is refused", async () => {
  (await followed()).unmount();
  const { result, reads } = opened({ gone: true });
  await settle();
  expect(result.current.record?.seq).toBe(3);
  await does(() => reads[0]!.answer(null));
  expect(result.current).toMatchObject({ missing: true, record: undefined });
});

it("subscribes again when the stream of an existing execution ended", async () => {
  const { result, reads, streams } = await followed();
  await does(() => void streams[0]!.stream.return());
  await does(() => reads[1]!.answer(at(4)));
  expect(result.current).toMatchObject({ missing: false, record: { seq: 4 } });
  expect(streams).toHaveLength(2);
});

it("keeps the previous moment while another loads, and shows none for a missing one", async () => {
  const { result, reads, rerender } = opened({ moment: 2 });
  await settle();
  for (const one of reads.slice()) await does(() => one.answer(at(one.at ?? 5)));
  expect(result.current).toMatchObject({ record: { seq: 2 }, live: { seq: 5 } });
  rerender({ at: 9999 });
  await settle();
  expect(result.current.record?.seq).toBe(2);
  const refusal = new GraphQLError("the execution has no event 9999: its events are numbered 1 to 5", {
    extensions: { code: "VALIDATION" },
  });
  await does(() => reads.at(-1)!.fail(refusal));
  expect(result.current.record, "the live record is not shown for that moment").toBeUndefined();
  expect(result.current.error?.message).toContain("1 to 5");
  const count = reads.length;
  await settle(60_000);
  expect(reads, "a refused read is not repeated").toHaveLength(count);
  rerender({ at: undefined });
  expect(result.current).toMatchObject({ record: { seq: 5 }, error: undefined });
});
