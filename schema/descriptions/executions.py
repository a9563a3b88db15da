from typing import Final

from schema.descriptions.dependencies import DEPTH, DIRECTION
from schema.descriptions.words import AROUND, ATTEMPT, EXIT_CODE, ID, Words, paged, up_to

_OF_TASK_RUN: Final = "Only what this task run wrote; of a foreach also what its iterations wrote."
_LIKE: Final = "flow, or recorded pipeline, and kind"
EXECUTIONS: Final[Words] = {
    "Execution": (
        "One run of a revision of a flow, or of something elsewhere that is recorded here.",
        {
            "id": ID,
            "name": "The flow's key and a short suffix, or as it was recorded.",
            "flow": "Its flow; null when that is not there any more, or it ran elsewhere.",
            "namespace": "The namespace of its flow.",
            "flowKey": "The key of its flow, also when the flow is gone; of what ran elsewhere, the pipeline.",
            "kind": "Its type or stage, as `etl` or `train`.",
            "revision": "The revision that it runs; null when it ran elsewhere.",
            "state": "Where it is in its lifecycle.",
            "stateHistory": "Every state that it was in, in order, from CREATED on.",
            "seq": "The seq of its latest event. Of two views of one execution the one with the greater seq is newer.",
            "cursor": "Where `executionChanges` goes on from this view. Opaque. Of `execution(id)` and `node(id)`; "
            "one from a list makes the first change a `reset`.",
            "progress": "From 0 to 1: ended task runs, and what running ones said of themselves, over all. "
            "1 exactly when it has ended.",
            "inputs": "The value of every input that its revision declares, null where there is none.",
            "outputs": "What the flow's `outputs` came to; `{}` until it has ended well.",
            "labels": "Its labels, by key.",
            "properties": "What its tasks recorded of it, by name.",
            "onFailure": "What a failure does to the rest of it.",
            "priority": "Of its attempts in their queues: the greater goes first. -1000 to 1000.",
            "disabledTasks": "The keys of tasks that it was told not to run; their task runs are SKIPPED.",
            "trigger": "What started it, when it was not a person or a program.",
            "triggerKind": "The kind of what started it.",
            "git": "The code that ran; null when nobody told.",
            "origin": "Whether Headway ran it.",
            "createdBy": "Who started it.",
            "createdAt": "When it was accepted; of what ran elsewhere when it was created there, as it was told.",
            "startedAt": "When it first was RUNNING; null before.",
            "endedAt": "When it reached the state that it ended in; null before.",
            "idle": "Seconds that it lay ended, or in line, before it was started again.",
            "idleSince": "Its last end, while it is put back and has not started again; null otherwise.",
            "duration": "Seconds from its start to its end, or until now, without those that it was `idle`; "
            "null before it started.",
            "queuedFor": "Seconds from its creation to its start, or until now.",
            "rerunOf": "The execution that it repeats; null for a new one.",
            "replayOf": "The execution that it was replayed from; null when it was not.",
            "originalId": "The id of the first execution of its chain of reruns and replays; null for that one itself.",
            "cachedFrom": "The execution whose results it uses, when it is CACHED.",
            "parent": "The execution whose subflow task started it; null when none did.",
            **up_to("children", 10_000),
            "children": "The executions that its subflow tasks started.",
            "dependencies": "Its parents and children by subflow tasks, what it is a rerun or replay of, and the "
            "reruns and replays of it, and so on.",
            "dependencies(direction)": DIRECTION,
            "dependencies(depth)": DEPTH,
            "resolvedBy": "The first rerun or replay of it, of its kind, that ended well; null while there is none.",
            "scheduledAt": "The moment before which it was not to start; null without one.",
            "previous": f"The execution of the same {_LIKE} that was created just before it.",
            "next": f"The execution of the same {_LIKE} that was created just after it.",
            "lastSuccess": f"The latest earlier execution of the same {_LIKE} that ended in SUCCESS.",
            "durationStats": f"How long those of the same {_LIKE} usually take; null while none has succeeded.",
            "usualTaskDurations": f"How long the tasks of the same {_LIKE} usually take, by key: of the newest 10 "
            "executions that ended in SUCCESS or WARNING. Executions of at most 5 flows can be asked for it at once.",
            **up_to("taskRuns", 20_000),
            "taskRuns": "Its task runs, in the order of the document.",
            "task": "One of its task runs; null when it has none of this key.",
            "task(key)": "The key of the task run: a task's key, or `each[3].key` within a foreach.",
            "graph": "Its task runs, and which needs which.",
            "events": "Its events, in order, whichever way one pages.",
            "events(first)": "How many, from the beginning: 1 to 1000, 50 by default.",
            "events(after)": "A seq: the events after it.",
            "events(last)": "How many, from the end: 1 to 1000. Not together with `first` or `after`.",
            "events(before)": "A seq: the events before it.",
            "events(taskRunId)": "Only those of this task run.",
            "logs": "What its tasks wrote. Without `first` and `last`, from the beginning.",
            "logs(taskRunId)": _OF_TASK_RUN,
            "logs(attempt)": "Only what this attempt wrote. It needs `taskRunId` to mean one attempt.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines that were written there.",
            "logs(around)": AROUND,
            **paged("logs", most="1000"),
            "logMatches": "The numbers of the lines that match, in order; the work of one call is bounded, so go on "
            "with `after: searchedTo` until it is `complete`. Without `text` every line of the choice matches: with "
            "`minLevel: ERROR` the first is the next error.",
            "logMatches(text)": "Only lines that hold this text, 1 to 1000 characters, in upper or lower case; what "
            "colours a terminal is no part of a line's text.",
            "logMatches(taskRunId)": _OF_TASK_RUN,
            "logMatches(attempt)": "Only what this attempt wrote.",
            "logMatches(minLevel)": "Only lines of this level and above.",
            "logMatches(stream)": "Only lines that were written there.",
            "logMatches(first)": "How many at most: 1 to 1000, 1000 by default.",
            "logMatches(after)": "The number of a line: those after it, from the beginning by default.",
            "logCounts": "How many lines of each level that occurs there are, from TRACE up.",
            "logCounts(taskRunId)": _OF_TASK_RUN,
            "logCounts(attempt)": "Only what this attempt wrote.",
            **up_to("metrics", 50_000),
            "metrics": "The numbers that its tasks recorded, in the order of their times.",
            "metrics(taskRunId)": "Only those of this task run.",
            "metrics(name)": "Only those of this name.",
            "columns": "Some of its values by the names of columns, as an export has them: `property.lr`, "
            "`metric.loss` (recorded last), `input.day`, `label.team`, `output.rows`, `failureMessage`. "
            "Secrets are masked; what it has not is null. All of it is null, with an error, when a name is none.",
            "columns(names)": "The names of the columns, each once; at most 200.",
            **up_to("artifacts", 10_000),
            "artifacts": "What it used and made.",
            "artifacts(direction)": "Only what was used, or only what was made.",
            **up_to("approvals", 1_000),
            "approvals": "Its approval requests, in the order of their making.",
            "availableActions": "Every action, whether it is possible now for the viewer and, if not, why.",
            "waitingFor": "Why it, and those of its task runs that stand still, do not move; empty once it has ended.",
            "failure": "What made it fail; null while nothing has. Of one that was set to FAILED by hand: who did so "
            "and why, with the code CHANGE_STATE.",
            **up_to("notes", 1_000),
            "notes": "What people wrote beside it, the oldest first.",
            "archived": "Whether it is hidden from lists and kept from pruning.",
        },
    ),
    "GitInfo": (
        "The code that ran, as it was told; what was not told is null.",
        {
            "commit": "The commit's hash.",
            "branch": "The branch.",
            "repository": "Where the repository is.",
            "author": "Who wrote the commit.",
            "message": "The commit's message.",
        },
    ),
    "TriggerKind": (
        "The kinds of what starts an execution.",
        {
            "MANUAL": "A person, on the page, by the command line or through the API.",
            "API": "A program with a token of its own.",
            "SCHEDULE": "A tick of a schedule.",
            "BACKFILL": "A tick of the past that somebody asked a schedule for.",
            "SUBFLOW": "A subflow task of another execution.",
            "REPLAY": "A replay of another execution.",
            "RERUN": "A prepared repetition of another execution.",
            "RECORDED": "It ran elsewhere and was recorded.",
        },
    ),
    "Origin": (
        "Where an execution ran.",
        {"HEADWAY": "Here.", "EXTERNAL": "Elsewhere; it is only recorded here."},
    ),
    "Label": (
        "A key and a value to find executions by.",
        {
            "key": "1 to 63 of `a-z 0-9 . _ / -`. Keys that begin with `system.` are Headway's.",
            "value": "Up to 255 characters.",
        },
    ),
    "StateChange": (
        "A change of state of an execution or a task run.",
        {
            "seq": "The seq of its event.",
            "state": "The state from then on.",
            "at": "When it changed.",
            "actor": "Who changed it.",
            "reason": "Why, when that was said.",
        },
    ),
    "Failure": (
        "What made an execution fail.",
        {
            "taskRun": "The first task run that failed for good; null when it was the execution itself, "
            "as by an output that cannot be evaluated.",
            "attempt": ATTEMPT,
            "code": "Short and stable, as EXIT_CODE, TIMED_OUT, INVALID_OUTPUT, EXPRESSION or WORKER_LOST.",
            "message": "The cause, in words: of a program the exception or the line with which it failed.",
            "exitCode": EXIT_CODE,
            "others": "How many other task runs failed. A foreach that failed because of its iterations is not "
            "one more.",
            "fingerprint": "The same for failures that differ only in numbers, ids and quoted values; "
            "`error:` finds what failed with it. None is found of what was set to FAILED by hand.",
            "logLine": "The number of the line of that attempt's log that most likely tells of it; null without one.",
            "skipped": "The task runs that were CANCELLED.",
            "skippedCount": "How many task runs were CANCELLED.",
        },
    ),
    "ExecutionGraph": (
        "The task runs of an execution as a graph without cycles.",
        {"nodes": "Its task runs.", "edges": "Which needs which."},
    ),
    "GraphEdge": (
        "One task run needs another.",
        {"from": "The key of the one that is needed.", "to": "The key of the one that needs it."},
    ),
    "FailureAction": (
        "What a failure of a task does to the rest of the execution, once its retries are used up.",
        {
            "FINISH_RUNNING": "What runs or is queued finishes; everything else is CANCELLED. The default.",
            "FINISH_POSSIBLE": "Whatever does not need the failed task still runs; what needs it is CANCELLED.",
            "CANCEL_ALL": "Everything is stopped at once, and the execution ends KILLED.",
        },
    ),
    "ActionAvailability": (
        "Whether an action is possible now.",
        {
            "action": "The action.",
            "allowed": "Whether asking for it now would be accepted.",
            "code": "Why not; null when it is allowed.",
            "reason": "A sentence that says what would allow it; null when it is allowed.",
        },
    ),
    "Waiting": (
        "A reason why something does not move.",
        {
            "code": "The kind of reason.",
            "message": "The reason, in words.",
            "taskRun": "The task run that waits; null when it is the execution itself.",
            "until": "When the wait is over by itself; null when that is not known.",
            "execution": "The execution that a subflow's task run waits for, or one below it, at any depth, that is "
            "paused or waits for people. Null for one that you may not see.",
            "approval": "The request that is waited for, also of an execution below.",
        },
    ),
    "WaitingCode": (
        "The kinds of reasons to wait.",
        {
            "TASK": "A task that it needs has not ended well yet.",
            "WORKER": "A worker of its queue has to take it.",
            "RETRY": "Its next attempt starts when the backoff is over.",
            "TIME": "It is not to go on before a moment.",
            "EVENT": "It waits for an event to be sent.",
            "EXECUTION": "It waits for the execution that it started.",
            "APPROVAL": "People have to decide.",
            "PAUSED": "The execution is paused.",
            "KILLING": "Running attempts are being ended.",
            "EVALUATION": "An expression is being evaluated.",
            "SLOT": "The flow's concurrency limit is reached.",
            "REVISION": "Its revision of the flow cannot be read.",
        },
    ),
}
