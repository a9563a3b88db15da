import type {
  EventMarkFragment,
  EventType,
  ExecutionState,
  TaskRunState,
} from "@/shared/graphql/gen/graphql";
import type { Shape, Tone } from "@/shared/ui/stateTokens";
import { type AnyState, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { workerName } from "../inspector/worker";

export type Event = EventMarkFragment;

const EXECUTION: Record<ExecutionState, string> = {
  CREATED: "was reset",
  QUEUED: "was queued",
  RUNNING: "started",
  PAUSED: "was paused",
  WAITING_FOR_APPROVAL: "waits for an approval",
  FAILED_FINISHING: "failed; running tasks may finish",
  KILLING: "is being cancelled",
  RESTARTED: "was restarted",
  SUCCESS: "succeeded",
  WARNING: "ended with a warning",
  FAILED: "failed",
  KILLED: "was killed",
  CANCELLED: "was cancelled",
  REJECTED: "was rejected",
  ERROR: "ended in an error",
  CACHED: "was taken from the cache",
};

const TASK: Record<TaskRunState, string> = {
  CREATED: "was reset",
  QUEUED: "was queued",
  RUNNING: "started",
  RETRYING: "will be retried",
  WAITING_FOR_APPROVAL: "waits for an approval",
  KILLING: "is being stopped",
  SUCCESS: "succeeded",
  WARNING: "ended with a warning",
  FAILED: "failed",
  ERROR: "ended in an error",
  KILLED: "was killed",
  CANCELLED: "did not run",
  SKIPPED: "was skipped",
  REJECTED: "was rejected",
  CACHED: "was taken from the cache",
};

const moved = (event: Event): string => {
  const words: Record<string, string> = event.taskRun ? TASK : EXECUTION;
  return event.toState ? (words[event.toState] ?? `is now ${event.toState}`) : "changed its state";
};
const attempt = (event: Event): string => (event.attempt ? `attempt ${event.attempt}` : "an attempt");

function attemptEnded(event: Event): string {
  if (event.toState === "RETRYING") return `failed in ${attempt(event)} and will be retried`;
  const after = event.attempt && event.attempt > 1 ? ` in ${attempt(event)}` : "";
  return `${moved(event)}${after}`;
}

/** Describes the event of a task or of the execution. Every type has an entry, so that the compiler finds a missing one. */
const WORDS: Record<EventType, (event: Event) => string> = {
  EXECUTION_CREATED: () => "was created",
  EXECUTION_STATE_CHANGED: moved,
  TASK_RUN_STATE_CHANGED: moved,
  ATTEMPT_STARTED: (event) => `started ${attempt(event)}`,
  ATTEMPT_ENDED: attemptEnded,
  OUTPUTS_SET: () => "set outputs",
  PROPERTIES_SET: () => "set properties",
  LABELS_SET: () => "got new labels",
  PROGRESS_REPORTED: () => "reported its progress",
  APPROVAL_REQUESTED: () => "requested an approval",
  APPROVAL_VOTED: () => "received a vote",
  APPROVAL_CLOSED: () => "had its approval closed",
  APPROVAL_REMINDED: () => "reminded its approvers",
  APPROVAL_ESCALATED: () => "escalated its approval to more roles",
  APPROVAL_OVERRIDDEN: () => "had its approvals overridden",
  TASK_RUNS_ADDED: () => "got its iterations",
  CONDITION_REQUESTED: () => "is evaluating its condition",
  CONDITION_EVALUATED: () => "evaluated its condition",
  CHILD_LINKED: () => "started an execution of its subflow",
  CHILD_STATE_CHANGED: () => "had a state change in its subflow",
  SIGNAL_RECEIVED: () => "received an event",
  PRIORITY_CHANGED: () => "got a new priority",
  FAILURE_RECORDED: () => "failed",
  KILL_FORCED: () => "was forced to stop at once",
  LATE_RESULT: (event) => `sent the result of ${attempt(event)} too late; it was refused`,
  TASK_RUN_RECORDED: (event) => (event.toState ? moved(event) : "was recorded"),
  GIT_SET: () => "got its Git commit",
  NOTE_ADDED: () => "got a note",
  ARCHIVED: () => "was archived",
  UNARCHIVED: () => "was unarchived",
};

/** "load failed in attempt 2": the subject apart, so that it can be emphasised, and the rest. */
export function sentenceOf(event: Event): { subject: string; words: string } {
  return { subject: event.taskRun?.key ?? "The execution", words: WORDS[event.type](event) };
}

const FAILURES: ReadonlySet<string> = new Set<ExecutionState | TaskRunState>([
  "FAILED",
  "ERROR",
  "REJECTED",
  "FAILED_FINISHING",
]);

/** Whether it is a failure, including a failed attempt that is retried. */
export function isFailure(event: Event): boolean {
  if (event.type === "FAILURE_RECORDED") return true;
  if (event.type === "ATTEMPT_ENDED" && event.toState === "RETRYING") return true;
  return event.toState !== null && FAILURES.has(event.toState);
}

/** Types of minor events, shown only with "All events". */
const QUIET: ReadonlySet<EventType> = new Set<EventType>([
  "PROGRESS_REPORTED",
  "OUTPUTS_SET",
  "PROPERTIES_SET",
  "ATTEMPT_STARTED",
  "CONDITION_REQUESTED",
  "CONDITION_EVALUATED",
  "CHILD_STATE_CHANGED",
  "APPROVAL_REMINDED",
  "TASK_RUNS_ADDED",
]);
const UNDER_WAY: ReadonlySet<string> = new Set(["QUEUED", "CREATED"]);

export function isMain(event: Event): boolean {
  if (isFailure(event)) return true;
  if (QUIET.has(event.type)) return event.type === "ATTEMPT_STARTED" && (event.attempt ?? 1) > 1;
  return !(event.type === "TASK_RUN_STATE_CHANGED" && UNDER_WAY.has(event.toState ?? ""));
}

const QUIETLY = { shape: "dotted", tone: "calm" } as const;

/** The shape and colour of an event: those of its new state, else a muted dot. */
export function markOf(event: Event): { shape: Shape; tone: Tone } {
  if (isFailure(event)) return { shape: event.toState === "RETRYING" ? "again" : "cross", tone: "bad" };
  if (event.taskRun && event.toState === "CANCELLED") return QUIETLY; // it did not run
  return STATE_TOKENS[event.toState as AnyState] ?? QUIETLY;
}

const CHANNELS: Record<Event["channel"], string> = {
  API: "through the API",
  UI: "on the page",
  CLI: "on the command line",
  ENGINE: "",
};

/**
 * "by maria on the page", "by schedule nightly", "on vm-7"; empty for the engine, and for an event caused by another
 * that already names the actor.
 */
export function whoDid({ actor, channel, causedBy }: Event): string {
  if (actor.kind === "ENGINE" || causedBy !== null) return "";
  if (actor.kind === "WORKER") return `on ${workerName(actor.name)}`;
  const name = actor.kind === "SCHEDULE" ? `schedule ${actor.name}` : actor.name;
  return ["by", name, CHANNELS[channel]].filter(Boolean).join(" ");
}
