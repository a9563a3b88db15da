from typing import Final

from schema.descriptions.words import REASON, Words

_EXPECTED_SEQ: Final = (
    "The seq of the last state change that the asker saw; a later one makes this a CONFLICT."
)
_ACTION: Final = {"id": "The execution.", "reason": REASON, "expectedSeq": _EXPECTED_SEQ}
_PLANNED: Final = {
    **_ACTION,
    "plan": "True: only tell what would happen, and change nothing.",
}

INPUTS: Final[Words] = {
    "StringFilter": (
        "Conditions on a text. All that are given must hold; case matters.",
        {
            "eq": "Equal to this.",
            "in": "One of these.",
            "prefix": "Begins with this; a namespace: is this, or below it.",
            "contains": "Holds this, A to Z in either case.",
        },
    ),
    "StateFilter": (
        "Conditions on a state. All that are given must hold.",
        {"eq": "This state.", "in": "One of these.", "notIn": "None of these."},
    ),
    "DateTimeFilter": (
        "Bounds of a time. All that are given must hold; a time that is null matches none.",
        {
            "gte": "At this moment or later.",
            "gt": "Later than this moment.",
            "lt": "Earlier than this moment.",
            "lte": "At this moment or earlier.",
        },
    ),
    "LabelFilter": (
        "Conditions on labels. All that are given must hold.",
        {"has": "Has this key with this value.", "hasKey": "Has this key, whatever its value."},
    ),
    "LabelInput": (
        "A label to set or to find.",
        {
            "key": "1 to 63 of `a-z 0-9 . _ / -`.",
            "value": "Up to 255 characters; to remove a label it does not matter.",
        },
    ),
    "ExecutionFilter": (
        "Which executions. All that is given must hold; nothing given is all of them.",
        {
            "id": "One of these; those that are not there are none.",
            "text": "Words, each the beginning of a word of the name, the flow's key or the error.",
            "namespace": "Of the namespace.",
            "flow": "Of the flow's key.",
            "name": "Of its name.",
            "state": "Of the state.",
            "kind": "Of the kind.",
            "labels": "Of the labels.",
            "property": "Of its properties; all of these hold.",
            "input": "Of its inputs; all of these hold. Secrets match nothing.",
            "metric": "Of its metrics; all of these hold.",
            "createdBy": "Of who created it, as `user:maria` or `maria`.",
            "archived": "Whether archived ones are among them: NO unless a filter says so anywhere.",
            "includeTests": "Whether tests of unsaved documents (label `system.test`) are among them; "
            "they are as well where a filter names that label.",
            "date": "Of when it started, or, where it has not, of when it was created.",
            "createdAt": "Of when it was created.",
            "startedAt": "Of when it started.",
            "endedAt": "Of when it ended.",
            "duration": "Of the seconds between its start and its end, or now.",
            "progress": "Of how far it is, 0 to 1.",
            "error": "Of the fingerprint of its failure, as `Failure.fingerprint` gives it: the same error.",
            "retried": "Whether a task run of it had more than one attempt.",
            "hasError": "Whether it failed.",
            "hasNotes": "Whether somebody wrote a note beside it.",
            "hasChildren": "Whether it started executions of subflows.",
            "isChild": "Whether a subflow task of another execution started it.",
            "trigger": "Of what started it: one of these kinds.",
            "schedule": "Of the key of the schedule that started it, by itself or in a backfill.",
            "origin": "Of where it ran.",
            "commit": "Of the commit of the code that ran.",
            "branch": "Of the branch of the code that ran.",
            "and": "All of these hold.",
            "or": "One of these holds.",
            "not": "This does not hold.",
        },
    ),
    "FlowFilter": (
        "Which flows. All that is given must hold.",
        {
            "namespace": "Of the namespace.",
            "key": "Of the key.",
            "kind": "Of the kind.",
            "labels": "Of the labels.",
            "text": "Words, each the beginning of a word of the key, the namespace or the description.",
            "enabled": "Whether it may be started.",
            "and": "All of these hold.",
            "or": "One of these holds.",
            "not": "This does not hold.",
        },
    ),
    "ApprovalFilter": (
        "Which approval requests. All that is given must hold.",
        {
            "state": "In one of these states.",
            "executionId": "Of this execution.",
            "mine": "True: only those that the viewer may decide, by user name or role.",
        },
    ),
    "SaveFlowInput": ("A flow to save.", {"source": "The document, as YAML, at most 1 MiB."}),
    "CreateExecutionInput": (
        "A flow to start.",
        {
            "namespace": "The namespace of the flow.",
            "flow": "The key of the flow.",
            "revision": "The number of the revision; the latest by default.",
            "inputs": "An object of input names and values, at most 1 MiB.",
            "labels": "Added to the flow's own.",
            "kind": "In place of the flow's kind.",
            "onFailure": "In place of the flow's `on_failure`.",
            "disabledTasks": "The keys of tasks not to run.",
            "rerunOf": "The ended execution that this one runs anew: outputs of disabled tasks that succeeded there "
            "are there for the others.",
            "noCache": "Run even where earlier results could be used again, of the flow and of its tasks.",
            "priority": "-1000 to 1000, 0 by default; the greater goes first in its queues.",
            "scheduledAt": "Not before this moment; until then it is CREATED.",
            "idempotencyKey": "The same key again, with the same input, gives the first execution and starts nothing. "
            "Kept for 7 days for each actor.",
            "reason": REASON,
        },
    ),
    "ActionInput": (
        "An execution to act on.",
        {
            **_ACTION,
            "cascade": "Pause what its subflows started too, or let it go on too; true by default.",
        },
    ),
    "CancelExecutionInput": (
        "An execution to stop.",
        {
            **_ACTION,
            "cascade": "Stop the executions that its subflows started too, true by default.",
            "force": "Kill at once, without the tasks' `kill_grace`.",
        },
    ),
    "RetryFailedInput": ("An execution whose failed task runs are tried again.", _PLANNED),
    "RestartExecutionInput": ("An ended execution to put back to run.", _PLANNED),
    "ReplayExecutionInput": (
        "An ended execution to start a new one from.",
        {
            "id": "The execution.",
            "fromTask": "The key of the task to start from: what comes before is not run again, its outputs are used. "
            "From the start by default.",
            "revision": "Which revision to run, SAME by default.",
            "inputs": "Values that take the place of the execution's own, by name.",
            "reason": REASON,
            "overrideApprovals": "True: decisions that do not stand, as the inputs or the revision are others, are "
            "used again all the same. It needs the permission OVERRIDE_APPROVAL and a reason, and is recorded. By "
            "default the approvals are asked again.",
            "plan": "True: only tell what would happen, and start nothing.",
            "idempotencyKey": "The same key again, with the same input, gives the first replay and starts nothing.",
        },
    ),
    "PrepareExecutionInput": (
        "An ended execution to draft a new one from.",
        {"id": "The execution.", "revision": "Which revision to run, LATEST by default."},
    ),
    "RevisionChoice": (
        "Which revision of the flow a rerun runs.",
        {"SAME": "That of the execution it comes from.", "LATEST": "The flow's latest."},
    ),
    "ChangeStateInput": (
        "Another end for an execution that has ended.",
        {
            "id": "The execution.",
            "state": "SUCCESS, WARNING, FAILED, KILLED or CANCELLED.",
            "reason": "Why; it is required, and kept with the event.",
            "expectedSeq": _EXPECTED_SEQ,
        },
    ),
    "ChangeTaskRunStateInput": (
        "Another end for a task run that has ended.",
        {
            "taskRunId": "The task run.",
            "state": "SUCCESS, WARNING, FAILED or SKIPPED.",
            "reason": "Why; it is required, and kept with the event.",
            "outputs": "Outputs to add to the task run's, by name: at most 1 MiB, integers of 64 bits.",
            "expectedSeq": _EXPECTED_SEQ,
        },
    ),
    "SendEventInput": (
        "An event for a `wait` task: to one execution, or to each of a namespace that waits for it.",
        {
            "name": "The name that the waits give as their `event`: 1 to 100 of A-Z a-z 0-9 . _ : / -, a letter or "
            "digit first.",
            "executionId": "The execution. The `wait` that began first takes the event; where there is none it queues.",
            "namespace": "The namespace, with all below it: each execution that waits for it there now.",
            "data": "Any JSON of at most 1 MiB, its integers of 64 bits; it becomes the wait's output `data`.",
            "reason": REASON,
        },
    ),
    "SetLabelsInput": (
        "Labels to change.",
        {
            "id": "The execution.",
            "labels": "The labels; no key twice.",
            "mode": "What to do with them, MERGE by default.",
            "reason": REASON,
        },
    ),
    "LabelMode": (
        "What to do with labels.",
        {
            "MERGE": "Add them, replacing values of the same keys.",
            "REPLACE": "Have these and no others.",
            "REMOVE": "Remove these keys.",
        },
    ),
    "DecideInput": (
        "A decision.",
        {
            "approvalId": "The request.",
            "comment": "What to say with it; some requests need one.",
            "form": "The values of the request's form, by field; an approval has to fill it in.",
            "override": "Decide past the policy, with the permission MANAGE and a comment that says why. It is marked.",
            "idempotencyKey": "The same vote again with the same key is a success that changes nothing.",
        },
    ),
}
