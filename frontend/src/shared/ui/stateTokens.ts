import type { ApprovalState, AttemptState, ExecutionState, TaskRunState } from "@/shared/graphql/gen/graphql";

export type AnyState = ExecutionState | TaskRunState | AttemptState | ApprovalState;
export type Tone = "active" | "good" | "warn" | "bad" | "ask" | "stop" | "calm";
export type Shape =
  | "dotted"
  | "ring"
  | "play"
  | "pause"
  | "hand"
  | "check"
  | "cross"
  | "exclamation"
  | "square"
  | "slash"
  | "again"
  | "bolt"
  | "octagon"
  | "burst"
  | "skip";

export type StateToken = { word: string; shape: Shape; tone: Tone };

/** Shape, word and tone of each state; the tones' colours are in tokens.css. */
export const STATE_TOKENS: Record<AnyState, StateToken> = {
  CREATED: { word: "Created", shape: "dotted", tone: "calm" },
  QUEUED: { word: "Queued", shape: "ring", tone: "calm" },
  RUNNING: { word: "Running", shape: "play", tone: "active" },
  PAUSED: { word: "Paused", shape: "pause", tone: "warn" },
  WAITING_FOR_APPROVAL: { word: "Needs approval", shape: "hand", tone: "ask" },
  FAILED_FINISHING: { word: "Failed, finishing", shape: "cross", tone: "bad" },
  KILLING: { word: "Cancelling", shape: "square", tone: "stop" },
  RESTARTED: { word: "Restarted", shape: "again", tone: "active" },
  RETRYING: { word: "Retrying", shape: "again", tone: "warn" },
  SUCCESS: { word: "Success", shape: "check", tone: "good" },
  WARNING: { word: "Warning", shape: "exclamation", tone: "warn" },
  FAILED: { word: "Failed", shape: "cross", tone: "bad" },
  KILLED: { word: "Killed", shape: "square", tone: "stop" },
  CANCELLED: { word: "Cancelled", shape: "slash", tone: "calm" },
  REJECTED: { word: "Rejected", shape: "octagon", tone: "bad" },
  ERROR: { word: "Error", shape: "burst", tone: "bad" },
  CACHED: { word: "Cached", shape: "bolt", tone: "good" },
  SKIPPED: { word: "Skipped", shape: "skip", tone: "calm" },
  TIMED_OUT: { word: "Timed out", shape: "exclamation", tone: "bad" },
  LOST: { word: "Lost", shape: "burst", tone: "bad" },
  PENDING: { word: "Pending", shape: "hand", tone: "ask" },
  APPROVED: { word: "Approved", shape: "check", tone: "good" },
  EXPIRED: { word: "Expired", shape: "slash", tone: "calm" },
};

export const EXECUTION_STATES: readonly ExecutionState[] = [
  "RUNNING",
  "WAITING_FOR_APPROVAL",
  "PAUSED",
  "FAILED_FINISHING",
  "KILLING",
  "QUEUED",
  "CREATED",
  "RESTARTED",
  "FAILED",
  "ERROR",
  "REJECTED",
  "WARNING",
  "SUCCESS",
  "CACHED",
  "KILLED",
  "CANCELLED",
];

const ENDED: ReadonlySet<string> = new Set<ExecutionState | TaskRunState>([
  "SUCCESS",
  "WARNING",
  "FAILED",
  "KILLED",
  "CANCELLED",
  "REJECTED",
  "ERROR",
  "CACHED",
  "SKIPPED",
]);

export function isEnded(state: ExecutionState | TaskRunState): boolean {
  return ENDED.has(state);
}
