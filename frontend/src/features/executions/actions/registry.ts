import type { TypedDocumentNode } from "@urql/core";
import {
  type Action,
  ApproveDocument,
  CancelExecutionDocument,
  type ExecutionActionsQuery,
  PauseExecutionDocument,
  type ProblemCode,
  RejectDocument,
  ResumeExecutionDocument,
  RetryFailedDocument,
  SetLabelsDocument,
} from "@/shared/graphql/gen/graphql";

export type ActedOn = { id: string; seq: number; state: string };
export type Refusal = { code: ProblemCode; message: string; path: string[] | null };
export type Answer = { answer: { execution: ActedOn | null; problems: Refusal[] } };
export type Availability = NonNullable<ExecutionActionsQuery["execution"]>["availableActions"][number];

export type ActionSpec = {
  action: Action;
  word: string;
  /** The key that starts it on an execution's page. */
  key: string;
  /** On the state's badge until the server has answered. */
  asked?: string;
  /** How it is started: at once, after a question with a reason, or in a form of its own. */
  form: "none" | "confirm" | "labels" | "approval";
  danger?: true;
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
  { action: "SET_LABELS", word: "Set labels", key: "l", form: "labels", mutation: SetLabelsDocument },
  { action: "APPROVE", word: "Approve", key: "a", form: "approval", mutation: ApproveDocument },
  { action: "REJECT", word: "Reject", key: "a", form: "approval", danger: true, mutation: RejectDocument },
];

export type Offer = { spec: ActionSpec; allowed: boolean; reason: string | null };

/** Allowed ones first; what the server does not have yet is not shown, nor what a card of its own asks for. */
export function offersOf(available: readonly Availability[]): Offer[] {
  const offers = ACTIONS.filter((spec) => spec.form !== "approval").flatMap((spec) => {
    const found = available.find((one) => one.action === spec.action);
    if (!found || found.code === "NOT_YET") return [];
    return [{ spec, allowed: found.allowed, reason: found.reason }];
  });
  return [...offers.filter((offer) => offer.allowed), ...offers.filter((offer) => !offer.allowed)];
}

export function specOf(action: Action): ActionSpec {
  return ACTIONS.find((spec) => spec.action === action)!;
}
