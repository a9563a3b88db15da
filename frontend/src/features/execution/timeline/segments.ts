import type { TaskRunRow } from "@/entities/execution/record";
import type { TaskRunState } from "@/shared/graphql/gen/graphql";

/** `ask`: waits for an approval. `time`: waits for a time or an event. `failed`: a failed attempt. */
export type SegmentKind =
  | "queued"
  | "ask"
  | "time"
  | "retry"
  | "active"
  | "good"
  | "warn"
  | "failed"
  | "stopped";

/** A part of a bar, in milliseconds since 1970; without an end it extends to now. */
export type Segment = { kind: SegmentKind; from: number; to: number | null };

const known = new WeakMap<TaskRunRow, readonly Segment[]>();

/** The bar of a task run, from its state history. Cached by the row's identity. */
export function segmentsOf(task: TaskRunRow): readonly Segment[] {
  let segments = known.get(task);
  if (!segments) {
    segments = drawn(task);
    known.set(task, segments);
  }
  return segments;
}

function drawn(task: TaskRunRow): Segment[] {
  const history = task.stateHistory.length ? task.stateHistory : recorded(task);
  return history.flatMap(({ state, at }, index) => {
    const next = history[index + 1];
    const kind = kindOf(state as TaskRunState, next?.state as TaskRunState | undefined, task.task.type);
    if (!kind) return [];
    const from = Date.parse(at);
    // A worker's clock may be behind: nothing ends before it starts.
    return [
      { kind, from, to: next ? Math.max(from, Date.parse(next.at)) : endOf(state as TaskRunState, from) },
    ];
  });
}

/** For a task run without a history: one segment from its start to its end. */
function recorded({ startedAt, endedAt, state }: TaskRunRow) {
  if (!startedAt) return [];
  return [{ state: "RUNNING", at: startedAt }, ...(endedAt ? [{ state, at: endedAt }] : [])];
}

const MOMENTS: Partial<Record<TaskRunState, SegmentKind>> = { CACHED: "good" };

function endOf(state: TaskRunState, from: number): number | null {
  return MOMENTS[state] ? from : null;
}

const WORK: Partial<Record<TaskRunState, SegmentKind>> = {
  SUCCESS: "good",
  CACHED: "good",
  WAITING_FOR_APPROVAL: "good",
  WARNING: "warn",
  KILLING: "stopped",
  KILLED: "stopped",
  CANCELLED: "stopped",
};

function kindOf(state: TaskRunState, next: TaskRunState | undefined, type: string): SegmentKind | undefined {
  switch (state) {
    case "QUEUED":
      return "queued";
    case "RETRYING":
      return "retry";
    case "WAITING_FOR_APPROVAL":
      return "ask";
    case "KILLING":
      return "stopped";
    case "RUNNING":
      if (type === "wait") return "time";
      return next ? (WORK[next] ?? "failed") : "active";
    default:
      return next ? undefined : MOMENTS[state];
  }
}

/** The first and last moment of the bar; undefined when it has none yet. */
export function extentOf(task: TaskRunRow): { from: number; to: number | null } | undefined {
  const segments = segmentsOf(task);
  const first = segments[0];
  return first && { from: first.from, to: segments[segments.length - 1]!.to };
}

/** The end of a task run, in milliseconds; null while it has not ended. */
export function endedAtOf(task: TaskRunRow): number | null {
  return task.endedAt ? Date.parse(task.endedAt) : null;
}
