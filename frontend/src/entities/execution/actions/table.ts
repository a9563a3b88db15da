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

/** The API's actions, and one of the page: opening the form of the flow with the inputs of an execution. */
export type PageAction = Action | "RUN_AGAIN";

export type ActionSpec = {
  action: PageAction;
  word: string;
  /** How it differs from the others: a sentence for tooltips, menus and the palette. */
  description: string;
  icon: Icon;
  /** The key that starts it on an execution's page; empty where a single key would be too easily hit. */
  key: string;
  /** The word on the state badge until the server has answered. */
  pending?: string;
  /** How it is started: at once, after a confirmation with a reason, or in a form of its own. */
  form: "none" | "confirm" | "labels" | "approval" | "state" | "note" | "prepare" | "task" | "run-again";
  danger?: true;
  /** The server previews it before it is confirmed: what runs and what is reused. */
  planned?: true;
  /** It returns another execution, which is then shown. */
  startsAnother?: true;
  /** It takes a list of ids. */
  many?: true;
  /** The label of the checkbox that includes the executions that subflows started, ticked by default. */
  cascade?: string;
  /** The confirmation, also of actions that a click runs at once, when a key starts them. */
  confirm?: { title: string; text: string; verb: string };
  // biome-ignore lint/suspicious/noExplicitAny: the inputs differ by action; each form builds its own
  mutation: TypedDocumentNode<any, any>;
};

/** Every action that a person can take; menus, buttons, keys, palette and forms read this table. */
export const ACTIONS: readonly ActionSpec[] = [
  {
    action: "RETRY_FAILED",
    word: "Restart failed tasks",
    description: "Same execution: failed tasks get a new attempt now; the rest continues untouched.",
    icon: IconRefresh,
    key: "r",
    pending: "Restarting",
    form: "none",
    planned: true,
    confirm: {
      title: "Restart failed tasks?",
      text: "Failed tasks get a new attempt now, and their dependents become pending again. The rest continues.",
      verb: "Restart failed tasks",
    },
    mutation: RetryFailedDocument,
  },
  {
    action: "RESTART",
    word: "Restart failed tasks",
    description: "Same execution: successful tasks are kept; failed, killed and cancelled tasks run again.",
    icon: IconRefresh,
    key: "r",
    pending: "Restarting",
    form: "confirm",
    planned: true,
    confirm: {
      title: "Restart failed tasks?",
      text: "Same execution: successful tasks are kept; failed, killed and cancelled tasks run again.",
      verb: "Restart failed tasks",
    },
    mutation: RestartExecutionDocument,
  },
  {
    action: "RESUME",
    word: "Resume",
    description: "Continues after a pause: everything held back happens now.",
    icon: IconPlayerPlay,
    key: "u",
    pending: "Resuming",
    form: "none",
    cascade: "Resume the executions that its subflows started too",
    confirm: {
      title: "Resume this execution?",
      text: "Tasks and timers that the pause held back start now.",
      verb: "Resume",
    },
    mutation: ResumeExecutionDocument,
  },
  {
    action: "PAUSE",
    word: "Pause",
    description: "Starts nothing new until it is resumed; running tasks continue.",
    icon: IconPlayerPause,
    key: "p",
    pending: "Pausing",
    form: "confirm",
    cascade: "Pause the executions that its subflows started too",
    confirm: {
      title: "Pause this execution?",
      text: "Nothing new starts, including retries, until somebody resumes it. Running tasks finish.",
      verb: "Pause",
    },
    mutation: PauseExecutionDocument,
  },
  {
    action: "CANCEL",
    word: "Cancel",
    description: "Stops running tasks and starts no others. Ended tasks keep their results.",
    icon: IconPlayerStop,
    key: "c",
    pending: "Cancelling",
    form: "confirm",
    danger: true,
    cascade: "Cancel the executions that its subflows started too",
    confirm: {
      title: "Cancel this execution?",
      text: "Running tasks get a signal to stop, and are killed if they do not. Tasks that have not started will not start. Ended tasks keep their results.",
      verb: "Cancel execution",
    },
    mutation: CancelExecutionDocument,
  },
  {
    action: "RUN_AGAIN",
    word: "Run again",
    description: "New execution of the newest revision: opens the form with these inputs.",
    icon: IconPlayerPlay,
    key: "",
    form: "run-again",
    mutation: CreateExecutionDocument,
  },
  {
    action: "REPLAY",
    word: "Replay",
    description: "New execution of the same revision with the same inputs, from the start.",
    icon: IconRepeat,
    key: "y",
    form: "confirm",
    planned: true,
    startsAnother: true,
    confirm: {
      title: "Start a replay?",
      text: "A new execution of the same revision with the same inputs, linked to this one. This one does not change.",
      verb: "Start the replay",
    },
    mutation: ReplayExecutionDocument,
  },
  {
    action: "PREPARE_EXECUTION",
    word: "Prepare execution",
    description: "New execution in which you choose the tasks and inputs: successful tasks are reused.",
    icon: IconListCheck,
    key: "",
    form: "prepare",
    mutation: CreateExecutionDocument,
  },
  {
    action: "FORCE_RUN",
    word: "Run now",
    description: "Starts at once, ignoring the flow's limit and any backoff, at the front of the queue.",
    icon: IconBolt,
    key: "",
    pending: "Starting",
    form: "confirm",
    confirm: {
      title: "Run this execution now?",
      text: "The execution starts at once, ignoring the flow's limit and any backoff, at the front of the queue.",
      verb: "Run now",
    },
    mutation: ForceRunDocument,
  },
  {
    action: "CHANGE_STATE",
    word: "Change state",
    description: "Corrects the state in which the execution ended. Nothing runs and nothing is undone.",
    icon: IconPencil,
    key: "",
    form: "state",
    mutation: ChangeStateDocument,
  },
  {
    action: "CHANGE_TASK_RUN_STATE",
    word: "Change state",
    description: "Corrects the state in which the task ended; cancelled dependents become pending again.",
    icon: IconPencil,
    key: "",
    form: "task",
    mutation: ChangeTaskRunStateDocument,
  },
  {
    action: "SET_LABELS",
    word: "Set labels",
    description: "Changes the labels that executions are filtered by.",
    icon: IconTags,
    key: "l",
    form: "labels",
    mutation: SetLabelsDocument,
  },
  {
    action: "ADD_NOTE",
    word: "Add note",
    description: "Adds a note to the execution, for its next reader.",
    icon: IconNote,
    key: "m",
    form: "note",
    mutation: AddNoteDocument,
  },
  {
    action: "ARCHIVE",
    word: "Archive",
    description: "Hides the execution from lists and excludes it from pruning.",
    icon: IconArchive,
    key: "",
    form: "confirm",
    many: true,
    confirm: {
      title: "Archive this execution?",
      text: "It is hidden from lists and excluded from pruning. You can still open it by link, and unarchive it.",
      verb: "Archive",
    },
    mutation: ArchiveExecutionsDocument,
  },
  {
    action: "UNARCHIVE",
    word: "Unarchive",
    description: "Shows the execution in lists again.",
    icon: IconArchiveOff,
    key: "",
    form: "confirm",
    many: true,
    confirm: { title: "Unarchive this execution?", text: "It is shown in lists again.", verb: "Unarchive" },
    mutation: UnarchiveExecutionsDocument,
  },
  {
    action: "DELETE",
    word: "Delete",
    description: "Permanently deletes the execution, with its logs, metrics and artifacts.",
    icon: IconTrash,
    key: "",
    form: "confirm",
    danger: true,
    many: true,
    confirm: {
      title: "Delete this execution?",
      text: "It is permanently deleted, with its logs, metrics and artifacts. Outputs reused by other executions are copied first.",
      verb: "Delete execution",
    },
    mutation: DeleteExecutionsDocument,
  },
  {
    action: "APPROVE",
    word: "Approve",
    description: "Gives your approval, so that the task can continue.",
    icon: IconCheck,
    key: "a",
    form: "approval",
    mutation: ApproveDocument,
  },
  {
    action: "REJECT",
    word: "Reject",
    description: "Rejects the request. One rejection is enough.",
    icon: IconX,
    key: "a",
    form: "approval",
    danger: true,
    mutation: RejectDocument,
  },
];

/** Replay from a task: the same mutation as replay, with words of its own. */
export const REPLAY_FROM_TASK = {
  word: "Replay from here",
  description: "New execution: this task and all after it run; earlier tasks are reused.",
  icon: IconPlayerTrackNext,
} as const;
