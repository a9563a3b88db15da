import type { TypedDocumentNode } from "@urql/core";
import {
  type Action,
  AddNoteDocument,
  ApproveDocument,
  ArchiveExecutionsDocument,
  CancelExecutionDocument,
  ChangeStateDocument,
  ChangeTaskRunStateDocument,
  CreateExecutionDocument,
  DeleteExecutionsDocument,
  type ExecutionActionsQuery,
  ForceRunDocument,
  type OvertakenFragment,
  PauseExecutionDocument,
  type ProblemCode,
  RejectDocument,
  ReplayExecutionDocument,
  RestartExecutionDocument,
  ResumeExecutionDocument,
  RetryFailedDocument,
  SetLabelsDocument,
  UnarchiveExecutionsDocument,
} from "@/shared/graphql/gen/graphql";

export type ActedOn = { id: string; seq: number; state: string };
export type Refusal = {
  code: ProblemCode;
  message: string;
  path: string[] | null;
  /** With ALREADY_DECIDED: the request as it was decided. */
  request?: OvertakenFragment["request"];
};
export type PlannedTask = { key: string; plan: string; why: string; isNew: boolean };
export type Answer = {
  answer: {
    execution?: ActedOn | null;
    executions?: ActedOn[];
    plan?: { tasks: PlannedTask[] } | null;
    problems: Refusal[];
  };
};
export type Availability = NonNullable<ExecutionActionsQuery["execution"]>["availableActions"][number];

export type ActionSpec = {
  action: Action;
  word: string;
  /** The key that starts it on an execution's page. */
  key: string;
  /** On the state's badge until the server has answered. */
  asked?: string;
  /** How it is started: at once, after a question with a reason, or in a form of its own. */
  form: "none" | "confirm" | "labels" | "approval" | "state" | "note" | "prepare" | "task";
  danger?: true;
  /** Told by the server before it is confirmed: what runs and what is used again. */
  planned?: true;
  /** It answers with another execution, which is shown then. */
  startsAnother?: true;
  /** Behind More, not among the buttons. */
  more?: true;
  /** It takes a list of ids. */
  many?: true;
  confirm?: { title: string; text: string; verb: string };
  // biome-ignore lint/suspicious/noExplicitAny: the inputs differ by action; each form builds its own
  mutation: TypedDocumentNode<any, any>;
};

/** Every action that a person can take, once: the row menu, the header, the keys and the forms read this table. */
export const ACTIONS: readonly ActionSpec[] = [
  {
    action: "RETRY_FAILED",
    word: "Retry failed",
    key: "r",
    asked: "Retrying",
    form: "none",
    mutation: RetryFailedDocument,
  },
  {
    action: "RESUME",
    word: "Resume",
    key: "u",
    asked: "Resuming",
    form: "none",
    mutation: ResumeExecutionDocument,
  },
  {
    action: "PAUSE",
    word: "Pause",
    key: "p",
    asked: "Pausing",
    form: "none",
    mutation: PauseExecutionDocument,
  },
  {
    action: "CANCEL",
    word: "Cancel",
    key: "c",
    asked: "Cancelling",
    form: "confirm",
    danger: true,
    confirm: {
      title: "Cancel this execution?",
      text: "What runs is asked to stop, then stopped. What has not started will not start. Ended tasks keep their results.",
      verb: "Cancel execution",
    },
    mutation: CancelExecutionDocument,
  },
  {
    action: "RESTART",
    word: "Retry failed",
    key: "r",
    asked: "Restarting",
    form: "confirm",
    planned: true,
    confirm: {
      title: "Run again what failed?",
      text: "The same execution goes on: what succeeded stays, what failed, was stopped or cancelled runs again.",
      verb: "Run it again",
    },
    mutation: RestartExecutionDocument,
  },
  {
    action: "FORCE_RUN",
    word: "Run now",
    key: "n",
    asked: "Starting",
    form: "confirm",
    more: true,
    confirm: {
      title: "Run it now?",
      text: "It starts at once, past the flow's limit and any backoff, and goes first in line.",
      verb: "Run it now",
    },
    mutation: ForceRunDocument,
  },
  {
    action: "REPLAY",
    word: "Replay",
    key: "y",
    form: "confirm",
    planned: true,
    startsAnother: true,
    confirm: {
      title: "Replay it?",
      text: "A new execution of the same revision and inputs, linked to this one.",
      verb: "Start the replay",
    },
    mutation: ReplayExecutionDocument,
  },
  {
    action: "PREPARE_EXECUTION",
    word: "Prepare execution",
    key: "e",
    form: "prepare",
    mutation: CreateExecutionDocument,
  },
  {
    action: "CHANGE_STATE",
    word: "Change state",
    key: "s",
    form: "state",
    more: true,
    mutation: ChangeStateDocument,
  },
  {
    action: "CHANGE_TASK_RUN_STATE",
    word: "Change task state",
    key: "",
    form: "task",
    mutation: ChangeTaskRunStateDocument,
  },
  { action: "ADD_NOTE", word: "Add note", key: "m", form: "note", more: true, mutation: AddNoteDocument },
  {
    action: "ARCHIVE",
    word: "Archive",
    key: "v",
    form: "confirm",
    more: true,
    many: true,
    confirm: {
      title: "Archive this execution?",
      text: "Lists hide it, and pruning spares it. It can be read by its address, and unarchived.",
      verb: "Archive it",
    },
    mutation: ArchiveExecutionsDocument,
  },
  {
    action: "UNARCHIVE",
    word: "Unarchive",
    key: "v",
    form: "confirm",
    more: true,
    many: true,
    confirm: { title: "Unarchive it?", text: "Lists show it again.", verb: "Unarchive it" },
    mutation: UnarchiveExecutionsDocument,
  },
  {
    action: "DELETE",
    word: "Delete",
    key: "",
    form: "confirm",
    danger: true,
    more: true,
    many: true,
    confirm: {
      title: "Delete this execution?",
      text: "It goes for good, with its logs, metrics and artifacts. What others reuse of it is copied to them first.",
      verb: "Delete it",
    },
    mutation: DeleteExecutionsDocument,
  },
  {
    action: "SET_LABELS",
    word: "Set labels",
    key: "l",
    form: "labels",
    mutation: SetLabelsDocument,
  },
  { action: "APPROVE", word: "Approve", key: "a", form: "approval", mutation: ApproveDocument },
  { action: "REJECT", word: "Reject", key: "a", form: "approval", danger: true, mutation: RejectDocument },
];

export type Offer = { spec: ActionSpec; allowed: boolean; reason: string | null };

/** Actions that a card or a task's menu asks for. */
const ELSEWHERE = new Set<ActionSpec["form"]>(["approval", "task"]);
/** Two names of one wish: the first that is allowed stands for both, else the second. */
const PAIRS: readonly [Action, Action][] = [
  ["RESTART", "RETRY_FAILED"],
  ["UNARCHIVE", "ARCHIVE"],
];

/** Allowed ones first, the others with the server's reason. */
export function offersOf(available: readonly Availability[]): Offer[] {
  const hidden = new Set(PAIRS.map(([first, second]) => (isAllowed(available, first) ? second : first)));
  const offers = ACTIONS.filter((spec) => !ELSEWHERE.has(spec.form) && !hidden.has(spec.action)).flatMap(
    (spec) => {
      const found = available.find((one) => one.action === spec.action);
      return found ? [{ spec, allowed: found.allowed, reason: found.reason }] : [];
    },
  );
  return [...offers.filter((offer) => offer.allowed), ...offers.filter((offer) => !offer.allowed)];
}

function isAllowed(available: readonly Availability[], action: Action): boolean {
  return available.some((one) => one.action === action && one.allowed);
}

export function specOf(action: Action): ActionSpec {
  return ACTIONS.find((spec) => spec.action === action)!;
}

/** What the mutation is asked with: most take one id, some a list. */
export function inputOf(
  spec: ActionSpec,
  id: string,
  given: Record<string, unknown>,
): Record<string, unknown> {
  return spec.many ? { ids: [id], ...given } : { id, ...given };
}
