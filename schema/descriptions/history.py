from typing import Final

from schema.descriptions.words import ATTEMPT, ID, TASK_KEY, TASK_RUN_ID, Words

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
            "OUTPUTS_SET": "Outputs of a task run, or of the execution, were set.",
            "PROPERTIES_SET": "Properties were set.",
            "LABELS_SET": "The labels changed; the event holds all of them.",
            "PROGRESS_REPORTED": "A running task said how far it is; at most once a second.",
            "APPROVAL_REQUESTED": "A task run asked for a decision.",
            "APPROVAL_VOTED": "Somebody voted.",
            "APPROVAL_CLOSED": "A request was decided or cancelled.",
            "FAILURE_RECORDED": "The execution itself failed, and none of its tasks.",
            "KILL_FORCED": "A second cancel: what is being killed gets no more grace.",
            "LATE_RESULT": "The result of an attempt that had lost its lease came, and was refused.",
        },
    ),
    "LogLine": (
        "A line that a task wrote.",
        {
            "line": "Its number within the execution, from 1.",
            "at": "When it was read.",
            "level": "INFO for stdout, WARN for stderr, or as who wrote it said.",
            "stream": "Where it was written.",
            "text": "The line, without its end.",
            "taskRunId": TASK_RUN_ID,
            "taskKey": TASK_KEY,
            "attempt": ATTEMPT,
        },
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
        "A number that a task recorded.",
        {
            "name": "What it is.",
            "value": "The number; of a DURATION in seconds.",
            "kind": "How its values go together.",
            "step": "The step that it belongs to, as an epoch; null without one.",
            "tags": "What tells it from others of its name.",
            "at": "When it was recorded.",
            "taskRunId": TASK_RUN_ID,
            "taskKey": TASK_KEY,
            "attempt": ATTEMPT,
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
    "Artifact": (
        "Something that a task used or made: a file in the artifact store, or anything with a URI.",
        {
            "id": ID,
            "name": "Its name; with namespace and version it says which it is.",
            "type": "What it is, as `File`, `Dataset` or `Model`.",
            "version": "Its version.",
            "uri": "Where it is.",
            "digest": "Of its content, as `sha256:` and hexadecimal; null when Headway does not keep it.",
            "size": "In bytes; null when Headway does not keep it.",
            "direction": "Whether it was used or made.",
            "properties": "What the task said of it, by name.",
            "taskRunId": TASK_RUN_ID,
            "createdAt": "When it was recorded.",
        },
    ),
    "ArtifactDirection": (
        "Which way an artifact goes.",
        {"IN": "The task used it.", "OUT": "The task made it."},
    ),
}
