from typing import Final

from schema.descriptions.words import AT_LARGE, ATTEMPT, ID, TASK_KEY, TASK_RUN_ID, Words

HISTORY: Final[Words] = {
    "ExecutionEvent": (
        "A recorded fact of an execution. Folding its events in order gives the execution.",
        {
            "id": ID,
            "seq": "Its position within the execution: from 1, without a gap.",
            "type": "What kind of fact it is.",
            "at": "When it was recorded.",
            "fromState": "The state before, when it changed one.",
            "toState": "The state after, when it changed one.",
            "taskRun": "The task run that it is about; null when it is about the execution.",
            "attempt": "The number of the attempt that it is about, when there is one.",
            "actor": "Who brought it about.",
            "channel": "The way by which the command came.",
            "reason": "Why, when that was said.",
            "causedBy": "The seq of the event that this one follows from; null when a command itself brought it about.",
            "data": "The fact itself, by type.",
            "terminal": "Whether it ended the execution.",
            "execution": "The execution that it belongs to, as it is now.",
        },
    ),
    "EventType": (
        "The kinds of facts.",
        {
            "EXECUTION_CREATED": "It was accepted.",
            "EXECUTION_STATE_CHANGED": "Its state changed.",
            "TASK_RUN_STATE_CHANGED": "The state of a task run changed, without an attempt starting or ending.",
            "ATTEMPT_STARTED": "An attempt started.",
            "ATTEMPT_ENDED": "An attempt ended.",
            "APPROVAL_REMINDED": "It is time to remind those who may decide.",
            "APPROVAL_ESCALATED": "Further roles may decide.",
            "APPROVAL_OVERRIDDEN": "Somebody with the permission OVERRIDE_APPROVAL has approvals passed by, for the "
            "reason that it has; `data.tasks` names them.",
            "TASK_RUNS_ADDED": "The task runs of a foreach's iterations were added.",
            "CONDITION_ASKED": "The `when` of a task is being evaluated.",
            "CONDITION_JUDGED": "The `when` of a task was evaluated.",
            "CHILD_LINKED": "A subflow's execution exists.",
            "CHILD_STATE_CHANGED": "A subflow's execution is paused or waits for people, or goes on: timeouts stand "
            "while `held`.",
            "SIGNAL_RECEIVED": "An event was sent to it, or taken by a wait.",
            "PRIORITY_CHANGED": "It goes first in its queues.",
            "OUTPUTS_SET": "Outputs of a task run, or of the execution, were set.",
            "PROPERTIES_SET": "Properties were set.",
            "LABELS_SET": "The labels changed; the event holds all of them.",
            "PROGRESS_REPORTED": "A running task said how far it is; at most once a second.",
            "APPROVAL_REQUESTED": "A task run asked for a decision.",
            "APPROVAL_VOTED": "Somebody voted.",
            "APPROVAL_CLOSED": "A request was decided or cancelled.",
            "FAILURE_RECORDED": "The execution itself failed, and none of its tasks.",
            "KILL_FORCED": "A second cancel: what is being killed gets no more grace.",
            "TASK_RUN_RECORDED": "Something was told of a task run that ran elsewhere.",
            "GIT_SET": "It was told which code ran.",
            "LATE_RESULT": "The result of an attempt that had lost its lease came, and was refused.",
            "NOTE_ADDED": "Somebody wrote a note.",
            "ARCHIVED": "It was hidden from lists.",
            "UNARCHIVED": "It was shown in lists again.",
        },
    ),
    "LogLine": (
        "A line that a task wrote, or that was told of what runs elsewhere.",
        {
            "id": "`line_`, then as the id of its execution goes on, and its number: `line_01k..._42`.",
            "line": "Its number within the execution, from 1.",
            "at": "When it was read, or as it was told.",
            "level": "INFO for stdout, WARN for stderr, or as who wrote it said.",
            "stream": "Where it was written.",
            "text": "The line, without its end.",
            "taskRunId": f"{TASK_RUN_ID} {AT_LARGE}",
            "taskKey": f"{TASK_KEY} {AT_LARGE}",
            "attempt": f"{ATTEMPT} {AT_LARGE}",
        },
    ),
    "LogMatches": (
        "Lines of a log that match, as far as was searched.",
        {
            "lines": "Their numbers, in order.",
            "searchedTo": "The number of the last line that was searched: go on after it.",
            "complete": "Whether that was the last line so far.",
        },
    ),
    "LogCount": (
        "How many lines of one level there are.",
        {"level": "The level.", "count": "How many."},
    ),
    "LogLevel": (
        "How much a line matters, from least to most.",
        {
            "TRACE": "Every detail.",
            "DEBUG": "For whoever looks for a fault.",
            "INFO": "What happens.",
            "WARN": "What may be wrong; also everything on stderr.",
            "ERROR": "What went wrong.",
        },
    ),
    "LogStream": (
        "Where a line was written.",
        {
            "STDOUT": "The standard output of the task's processes.",
            "STDERR": "Their standard error.",
            "SYSTEM": "Headway's own note to the log.",
        },
    ),
    "Metric": (
        "A number that a task, or whoever recorded the execution, told of.",
        {
            "id": "What names it; no id that `node` knows.",
            "name": "What it is.",
            "value": "The number; of a DURATION in seconds.",
            "kind": "How its values go together.",
            "step": "The step that it belongs to, as an epoch; null without one.",
            "tags": "What tells it from others of its name.",
            "at": "When it was recorded.",
            "taskRunId": f"{TASK_RUN_ID} {AT_LARGE}",
            "taskKey": f"{TASK_KEY} {AT_LARGE}",
            "attempt": f"{ATTEMPT} {AT_LARGE}",
        },
    ),
    "MetricKind": (
        "How the values of a metric go together.",
        {
            "COUNTER": "They add up.",
            "DURATION": "Each is a time, in seconds.",
            "GAUGE": "Each replaces the one before.",
        },
    ),
    "ArtifactDirection": (
        "Which way an artifact goes.",
        {"IN": "The task used it.", "OUT": "The task made it."},
    ),
}
