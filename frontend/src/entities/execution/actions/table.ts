import {
  type Icon,
  IconArchive,
  IconArchiveOff,
  IconBolt,
  IconCheck,
  IconListCheck,
  IconNote,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlayerTrackNext,
  IconRefresh,
  IconRepeat,
  IconTags,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
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
  ForceRunDocument,
  PauseExecutionDocument,
  RejectDocument,
  ReplayExecutionDocument,
  RestartExecutionDocument,
  ResumeExecutionDocument,
  RetryFailedDocument,
  SetLabelsDocument,
  UnarchiveExecutionsDocument,
} from "@/shared/graphql/gen/graphql";

/** The API's actions, and the page's own: the form of the flow, opened with the inputs of an execution. */
export type PageAction = Action | "RUN_AGAIN";

export type ActionSpec = {
  action: PageAction;
  word: string;
  /** How it differs from the others: a sentence for tooltips, menus and the palette. */
  tells: string;
  icon: Icon;
  /** The key that asks for it on an execution's page; empty where a single key would be too easily hit. */
  key: string;
  /** On the state's badge until the server has answered. */
  asked?: string;
  /** How it is started: at once, after a question with a reason, or in a form of its own. */
  form: "none" | "confirm" | "labels" | "approval" | "state" | "note" | "prepare" | "task" | "run-again";
  danger?: true;
  /** Told by the server before it is confirmed: what runs and what is used again. */
  planned?: true;
  /** It answers with another execution, which is shown then. */
  startsAnother?: true;
  /** It takes a list of ids. */
  many?: true;
  /** It reaches the executions that subflows started, unless it is told otherwise; the words ask for that. */
  cascade?: string;
  /** The question, also of what a click does at once when a key asks for it. */
  confirm?: { title: string; text: string; verb: string };
  // biome-ignore lint/suspicious/noExplicitAny: the inputs differ by action; each form builds its own
  mutation: TypedDocumentNode<any, any>;
};

/** Every action that a person can take, once: menus, buttons, keys, palette and forms read this table. */
export const ACTIONS: readonly ActionSpec[] = [
  {
    action: "RETRY_FAILED",
    word: "Restart failed tasks",
    tells: "The same execution: what failed gets a new attempt now, the rest goes on untouched.",
    icon: IconRefresh,
    key: "r",
    asked: "Restarting",
    form: "none",
    planned: true,
    confirm: {
      title: "Restart what failed?",
      text: "What failed gets a new attempt now, and what it kept from running waits for it again. The rest goes on.",
      verb: "Restart failed tasks",
    },
    mutation: RetryFailedDocument,
  },
  {
    action: "RESTART",
    word: "Restart failed tasks",
    tells: "The same execution goes on: what succeeded is kept, what failed or was stopped runs again.",
    icon: IconRefresh,
    key: "r",
    asked: "Restarting",
    form: "confirm",
    planned: true,
    confirm: {
      title: "Restart what failed?",
      text: "The same execution goes on: what succeeded is kept, what failed, was stopped or did not run runs again.",
      verb: "Restart failed tasks",
    },
    mutation: RestartExecutionDocument,
  },
  {
    action: "RESUME",
    word: "Resume",
    tells: "Goes on after a pause: what was held back happens now.",
    icon: IconPlayerPlay,
    key: "u",
    asked: "Resuming",
    form: "none",
    cascade: "Resume the executions that its subflows started too",
    confirm: { title: "Resume this execution?", text: "What was held back happens now.", verb: "Resume" },
    mutation: ResumeExecutionDocument,
  },
  {
    action: "PAUSE",
    word: "Pause",
    tells: "Starts nothing new until it is resumed; what runs goes on.",
    icon: IconPlayerPause,
    key: "p",
    asked: "Pausing",
    form: "confirm",
    cascade: "Pause the executions that its subflows started too",
    confirm: {
      title: "Pause this execution?",
      text: "Nothing new starts, retries included, until somebody resumes it. What runs goes on to its end.",
      verb: "Pause",
    },
    mutation: PauseExecutionDocument,
  },
  {
    action: "CANCEL",
    word: "Cancel",
    tells: "Stops what runs and starts nothing more. Ended tasks keep their results.",
    icon: IconPlayerStop,
    key: "c",
    asked: "Cancelling",
    form: "confirm",
    danger: true,
    cascade: "Cancel the executions that its subflows started too",
    confirm: {
      title: "Cancel this execution?",
      text: "What runs is asked to stop, then stopped. What has not started will not start. Ended tasks keep their results.",
      verb: "Cancel execution",
    },
    mutation: CancelExecutionDocument,
  },
  {
    action: "RUN_AGAIN",
    word: "Run again",
    tells: "A new execution of the newest revision: opens the form with these inputs.",
    icon: IconPlayerPlay,
    key: "",
    form: "run-again",
    mutation: CreateExecutionDocument,
  },
  {
    action: "REPLAY",
    word: "Replay",
    tells: "A new execution of the same revision with the same inputs, from the start.",
    icon: IconRepeat,
    key: "y",
    form: "confirm",
    planned: true,
    startsAnother: true,
    confirm: {
      title: "Start a replay?",
      text: "A new execution of the same revision with the same inputs, linked to this one. This one stays as it is.",
      verb: "Start the replay",
    },
    mutation: ReplayExecutionDocument,
  },
  {
    action: "PREPARE_EXECUTION",
    word: "Prepare execution",
    tells: "A new execution in which you choose the tasks and inputs: what succeeded here is used again.",
    icon: IconListCheck,
    key: "",
    form: "prepare",
    mutation: CreateExecutionDocument,
  },
  {
    action: "FORCE_RUN",
    word: "Run now",
    tells: "Starts at once, past the flow's limit and any backoff, first in line.",
    icon: IconBolt,
    key: "",
    asked: "Starting",
    form: "confirm",
    confirm: {
      title: "Run this execution now?",
      text: "The execution starts at once, past the flow's limit and any backoff, and goes first in line.",
      verb: "Run now",
    },
    mutation: ForceRunDocument,
  },
  {
    action: "CHANGE_STATE",
    word: "Change state",
    tells: "Corrects how the execution ended. Nothing runs, nothing is undone.",
    icon: IconPencil,
    key: "",
    form: "state",
    mutation: ChangeStateDocument,
  },
  {
    action: "CHANGE_TASK_RUN_STATE",
    word: "Change state",
    tells: "Corrects how the task ended; what it kept from running goes on from there.",
    icon: IconPencil,
    key: "",
    form: "task",
    mutation: ChangeTaskRunStateDocument,
  },
  {
    action: "SET_LABELS",
    word: "Set labels",
    tells: "Changes the labels that the execution is found by.",
    icon: IconTags,
    key: "l",
    form: "labels",
    mutation: SetLabelsDocument,
  },
  {
    action: "ADD_NOTE",
    word: "Add note",
    tells: "Writes a note beside the execution, for whoever looks next.",
    icon: IconNote,
    key: "m",
    form: "note",
    mutation: AddNoteDocument,
  },
  {
    action: "ARCHIVE",
    word: "Archive",
    tells: "Hides the execution from lists and keeps it from pruning.",
    icon: IconArchive,
    key: "",
    form: "confirm",
    many: true,
    confirm: {
      title: "Archive this execution?",
      text: "Lists hide the execution, and pruning spares it. Its address goes on working, and it can be unarchived.",
      verb: "Archive",
    },
    mutation: ArchiveExecutionsDocument,
  },
  {
    action: "UNARCHIVE",
    word: "Unarchive",
    tells: "Shows the execution in lists again.",
    icon: IconArchiveOff,
    key: "",
    form: "confirm",
    many: true,
    confirm: { title: "Unarchive this execution?", text: "Lists show it again.", verb: "Unarchive" },
    mutation: UnarchiveExecutionsDocument,
  },
  {
    action: "DELETE",
    word: "Delete",
    tells: "Removes the execution for good, with its logs, metrics and artifacts.",
    icon: IconTrash,
    key: "",
    form: "confirm",
    danger: true,
    many: true,
    confirm: {
      title: "Delete this execution?",
      text: "It goes for good, with its logs, metrics and artifacts. What others reuse of it is copied to them first.",
      verb: "Delete execution",
    },
    mutation: DeleteExecutionsDocument,
  },
  {
    action: "APPROVE",
    word: "Approve",
    tells: "Gives your approval, so that the task can go on.",
    icon: IconCheck,
    key: "a",
    form: "approval",
    mutation: ApproveDocument,
  },
  {
    action: "REJECT",
    word: "Reject",
    tells: "Says no. One rejection is enough.",
    icon: IconX,
    key: "a",
    form: "approval",
    danger: true,
    mutation: RejectDocument,
  },
];

/** Replaying from a task is a replay, told in words of its own. */
export const REPLAY_FROM_TASK = {
  word: "Replay from here",
  tells: "A new execution: this task and all after it run, what comes before is used again.",
  icon: IconPlayerTrackNext,
} as const;
