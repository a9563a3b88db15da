from typing import Final

from schema.descriptions.dependencies import DEPTH, DIRECTION
from schema.descriptions.shared_texts import (
    AROUND,
    ATTEMPT,
    EXIT_CODE,
    ID,
    Descriptions,
    paged,
    up_to,
)

_OF_TASK_RUN: Final = "Only lines of this task run; for a foreach including its iterations."
_LIKE: Final = "flow, or recorded pipeline, and kind"
EXECUTIONS: Final[Descriptions] = {
    "Execution": (
        "One run of a revision of a flow, or of an external program that is recorded here.",
        {
            "id": ID,
            "name": "The flow's key and a short suffix, or the recorded name.",
            "flow": "The flow; null if it was deleted, or for an external run.",
            "namespace": "The namespace of the flow.",
            "flowKey": "The key of the flow, kept when the flow is deleted; for an external run, the pipeline.",
            "kind": "The type or stage, such as `etl` or `train`.",
            "revision": "The revision that the execution runs; null for an external run.",
            "state": "The current state.",
            "stateHistory": "All states, in order, starting with CREATED.",
            "seq": "The seq of the latest event. Between two views of an execution, the one with the greater seq is "
            "newer.",
            "cursor": "The opaque cursor from which `executionChanges` continues this view. Use that of "
            "`execution(id)` or `node(id)`; with one from a list, the first change is a `reset`.",
            "progress": "From 0 to 1: the ended task runs plus the reported progress of running ones, divided by "
            "all. Exactly 1 when the execution has ended.",
            "inputs": "The value of every input that the revision declares; null without a value.",
            "outputs": "The evaluated `outputs` of the flow; `{}` until the execution has succeeded.",
            "labels": "The labels, by key.",
            "properties": "The properties that its tasks recorded, by name.",
            "onFailure": "How a failed task affects the rest of the execution.",
            "priority": "The priority of its attempts in their queues: higher values run first. -1000 to 1000.",
            "disabledTasks": "The keys of the tasks that were disabled at the start; their task runs are SKIPPED.",
            "trigger": "The trigger; null if a person or a program started it directly.",
            "triggerKind": "The kind of the trigger.",
            "git": "The code that ran; null if not reported.",
            "origin": "Whether the execution ran in Headway or elsewhere.",
            "createdBy": "Who started it.",
            "createdAt": "When the execution was accepted; for an external run the reported creation time.",
            "startedAt": "When the execution was first RUNNING; null before.",
            "endedAt": "When it reached its terminal state; null before.",
            "idle": "Seconds spent ended or queued before a restart (excluded from `duration`).",
            "idleSince": "When the execution last ended, while it is restarted and has not started again; null "
            "otherwise.",
            "duration": "Seconds from start to end, or until now, without `idle`; null before the start.",
            "queuedFor": "Seconds from creation to start, or until now.",
            "rerunOf": "The execution that this one repeats; null if it is not a rerun.",
            "replayOf": "The execution that this one replays; null if it is not a replay.",
            "originalId": "The id of the first execution in the chain of reruns and replays; null for the first one "
            "itself.",
            "cachedFrom": "The execution whose results are reused, if CACHED.",
            "parent": "The execution whose subflow task started this one; null without one.",
            **up_to("children", 10_000),
            "children": "The executions that subflow tasks of this one started.",
            "dependencies": "Related executions, transitively: parents and children by subflow tasks, and the "
            "sources and results of reruns and replays.",
            "dependencies(direction)": DIRECTION,
            "dependencies(depth)": DEPTH,
            "resolvedBy": "The first rerun or replay, of the same kind, that succeeded; null if there is none.",
            "scheduledAt": "The earliest time to start; null without one.",
            "previous": f"The execution of the same {_LIKE} that was created just before it.",
            "next": f"The execution of the same {_LIKE} that was created just after it.",
            "lastSuccess": f"The latest earlier execution of the same {_LIKE} that ended in SUCCESS.",
            "durationStats": f"How long those of the same {_LIKE} usually take; null while none has succeeded.",
            "usualTaskDurations": f"How long the tasks of the same {_LIKE} usually take, by key: of the newest 10 "
            "executions that ended in SUCCESS or WARNING. One query can select it for executions of at most 5 flows.",
            **up_to("taskRuns", 20_000),
            "taskRuns": "The task runs, in the order of the document.",
            "task": "One task run; null if no task run has this key.",
            "task(key)": "The key of the task run: a task's key, or `each[3].key` within a foreach.",
            "graph": "The task runs and their dependencies.",
            "events": "The events, always in ascending order.",
            "events(first)": "Page size from the start: 1 to 1000, 50 by default.",
            "events(after)": "A seq: only events after it.",
            "events(last)": "Page size from the end: 1 to 1000. Cannot be combined with `first` or `after`.",
            "events(before)": "A seq: only events before it.",
            "events(taskRunId)": "Only those of this task run.",
            "logs": "The log of its tasks. Without `first` and `last`, from the beginning.",
            "logs(taskRunId)": _OF_TASK_RUN,
            "logs(attempt)": "Only lines of the attempt with this number; needs `taskRunId` to select one attempt.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines of this stream.",
            "logs(around)": AROUND,
            **paged("logs", most="1000"),
            "logMatches": "The numbers of matching log lines, in order. One call searches a limited part of the log: "
            "repeat with `after: searchedTo` until `complete`. Without `text` every selected line matches: with "
            "`minLevel: ERROR` the first match is the next error.",
            "logMatches(text)": "Only lines that contain this text, 1 to 1000 characters, case-insensitive; terminal "
            "colour codes are ignored.",
            "logMatches(taskRunId)": _OF_TASK_RUN,
            "logMatches(attempt)": "Only lines of the attempt with this number.",
            "logMatches(minLevel)": "Only lines of this level and above.",
            "logMatches(stream)": "Only lines of this stream.",
            "logMatches(first)": "The maximum number of matches: 1 to 1000, 1000 by default.",
            "logMatches(after)": "The number of a line: only lines after it; from the beginning by default.",
            "logCounts": "The number of lines of each level that occurs, from TRACE up.",
            "logCounts(taskRunId)": _OF_TASK_RUN,
            "logCounts(attempt)": "Only lines of the attempt with this number.",
            **up_to("metrics", 50_000),
            "metrics": "The recorded metrics, in order of time.",
            "metrics(taskRunId)": "Only those of this task run.",
            "metrics(name)": "Only those of this name.",
            "columns": "Values of the execution by column name, as in an export: `property.lr`, `metric.loss` (the "
            "last value), `input.day`, `label.team`, `output.rows`, `failureMessage`. Secrets are masked; missing "
            "values are null. An unknown column name is an error, and makes the whole field null.",
            "columns(names)": "Column names without duplicates; at most 200.",
            **up_to("artifacts", 10_000),
            "artifacts": "The artifacts used and made.",
            "artifacts(direction)": "Only used, or only made artifacts.",
            **up_to("approvals", 1_000),
            "approvals": "The approval requests, oldest first.",
            "availableActions": "Every action: whether the viewer may take it now and, if not, why.",
            "waitingFor": "Why the execution, or any of its task runs, makes no progress; empty when it has ended.",
            "failure": "The cause of the failure; null without one. For an execution set to FAILED by hand: who did "
            "so and why, with the code CHANGE_STATE.",
            **up_to("notes", 1_000),
            "notes": "The notes, oldest first.",
            "archived": "Whether it is hidden from lists and excluded from pruning.",
        },
    ),
    "GitInfo": (
        "The code that ran; fields that were not reported are null.",
        {
            "commit": "The hash of the commit.",
            "branch": "The branch.",
            "repository": "The URL or path of the repository.",
            "author": "The author of the commit.",
            "message": "The message of the commit.",
        },
    ),
    "TriggerKind": (
        "The kinds of triggers.",
        {
            "MANUAL": "A person, in the web UI, on the command line or through the API.",
            "API": "A program with its own token.",
            "SCHEDULE": "A tick of a schedule.",
            "BACKFILL": "A past tick of a schedule, in a backfill.",
            "SUBFLOW": "A subflow task of another execution.",
            "REPLAY": "A replay of another execution.",
            "RERUN": "A prepared rerun of another execution.",
            "RECORDED": "An external run that was recorded.",
        },
    ),
    "Origin": (
        "Where an execution ran.",
        {"HEADWAY": "In Headway.", "EXTERNAL": "Elsewhere; it is only recorded here."},
    ),
    "Label": (
        "A key and a value for finding executions.",
        {
            "key": "1 to 63 characters of `a-z 0-9 . _ / -`. Keys that start with `system.` are reserved for Headway.",
            "value": "Up to 255 characters.",
        },
    ),
    "StateChange": (
        "A state change of an execution or a task run.",
        {
            "seq": "The seq of its event.",
            "state": "The new state.",
            "at": "When the state changed.",
            "actor": "Who caused the change.",
            "reason": "The reason, if one was given.",
        },
    ),
    "Failure": (
        "The cause of a failed execution.",
        {
            "taskRun": "The first task run that finally failed; null if the execution itself failed, for example "
            "because an output cannot be evaluated.",
            "attempt": ATTEMPT,
            "code": "A short, stable code, such as EXIT_CODE, TIMED_OUT, INVALID_OUTPUT, EXPRESSION or WORKER_LOST.",
            "message": "The cause; for a program the exception, or the line with which it failed.",
            "exitCode": EXIT_CODE,
            "others": "The number of other failed task runs. A foreach that failed because of its iterations is not "
            "counted.",
            "fingerprint": "Equal for failures that differ only in numbers, ids and quoted values; search for it "
            "with `error:`. An execution that was set to FAILED by hand is not found.",
            "logLine": "The number of the line in the attempt's log that most likely shows the failure; null without "
            "one.",
            "skipped": "The task runs that were CANCELLED.",
            "skippedCount": "The number of CANCELLED task runs.",
        },
    ),
    "ExecutionGraph": (
        "The task runs of an execution as an acyclic graph.",
        {"nodes": "The task runs.", "edges": "The dependencies between them."},
    ),
    "GraphEdge": (
        "A dependency: one task run needs another.",
        {"from": "The key of the needed task run.", "to": "The key of the task run that needs it."},
    ),
    "FailureAction": (
        "How a failed task affects the rest of the execution, once its retries are used up.",
        {
            "FINISH_RUNNING": "Running and queued task runs finish; all others are CANCELLED. The default.",
            "FINISH_POSSIBLE": "Tasks that do not need the failed task still run; those that need it are CANCELLED.",
            "CANCEL_ALL": "All task runs are stopped at once, and the execution ends KILLED.",
        },
    ),
    "ActionAvailability": (
        "Whether an action is possible now.",
        {
            "action": "The action.",
            "allowed": "Whether the action would be accepted now.",
            "code": "Why not; null if it is allowed.",
            "reason": "A sentence that says what would allow it; null if it is allowed.",
        },
    ),
    "Waiting": (
        "A reason why something makes no progress.",
        {
            "code": "The kind of reason.",
            "message": "The reason, as a sentence.",
            "taskRun": "The task run that waits; null if it is the execution itself.",
            "until": "When the wait ends by itself; null if unknown.",
            "execution": "The execution that a subflow task waits for, or one below it, at any depth, that is paused "
            "or waits for people. Null if the viewer may not see it.",
            "approval": "The approval request that is waited for, possibly of a child execution.",
        },
    ),
    "WaitingCode": (
        "The kinds of reasons to wait.",
        {
            "TASK": "A task that it needs has not succeeded yet.",
            "WORKER": "No worker of its queue has taken it yet.",
            "RETRY": "The next attempt starts after the backoff.",
            "TIME": "It may not continue before a given time.",
            "EVENT": "It waits for an event to be sent.",
            "EXECUTION": "It waits for the execution that it started.",
            "APPROVAL": "It waits for a decision of people.",
            "PAUSED": "The execution is paused.",
            "KILLING": "Running attempts are being ended.",
            "EVALUATION": "An expression is being evaluated.",
            "SLOT": "The flow's concurrency limit is reached.",
            "REVISION": "Its revision of the flow cannot be read.",
        },
    ),
}
