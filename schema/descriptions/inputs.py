from typing import Final

from schema.descriptions.shared_texts import REASON, Descriptions

_EXPECTED_SEQ: Final = (
    "The seq of the last state change that the caller has seen; "
    "if the state changed later, the result is a CONFLICT."
)
_ACTION: Final = {"id": "The execution.", "reason": REASON, "expectedSeq": _EXPECTED_SEQ}
_PLANNED: Final = {
    **_ACTION,
    "plan": "True: only return the plan, and change nothing.",
}

INPUTS: Final[Descriptions] = {
    "StringFilter": (
        "Conditions on a text. All given conditions must hold; comparisons are case-sensitive.",
        {
            "eq": "Equal to this.",
            "in": "One of these.",
            "prefix": "Starts with this; for a namespace: is this, or below it.",
            "contains": "Contains this; ASCII letters match in either case.",
        },
    ),
    "StateFilter": (
        "Conditions on a state. All given conditions must hold.",
        {"eq": "This state.", "in": "One of these.", "notIn": "None of these."},
    ),
    "DateTimeFilter": (
        "Bounds of a time. All given bounds must hold; a null time matches none.",
        {
            "gte": "At or after this time.",
            "gt": "After this time.",
            "lt": "Before this time.",
            "lte": "At or before this time.",
        },
    ),
    "LabelFilter": (
        "Conditions on labels. All given conditions must hold.",
        {"has": "Has this key with this value.", "hasKey": "Has this key, with any value."},
    ),
    "LabelInput": (
        "A label to set or to search for.",
        {
            "key": "1 to 63 characters of `a-z 0-9 . _ / -`.",
            "value": "Up to 255 characters; ignored when a label is removed.",
        },
    ),
    "ExecutionFilter": (
        "Conditions on executions. All given conditions must hold; without any, all executions match.",
        {
            "id": "One of these ids; unknown ids match nothing.",
            "text": "Descriptions; each must be the start of a word in the name, the flow's key or the error.",
            "namespace": "The namespace.",
            "flow": "The key of the flow.",
            "name": "The name.",
            "state": "The state.",
            "kind": "The kind.",
            "labels": "The labels.",
            "property": "The properties; all conditions must hold.",
            "input": "The inputs; all conditions must hold. Secrets match nothing.",
            "metric": "The metrics; all conditions must hold.",
            "createdBy": "Who created it, as `user:maria` or `maria`.",
            "archived": "Whether to include archived executions: NO, unless set anywhere in the filter.",
            "includeTests": "Whether to include tests of unsaved documents (label `system.test`); a filter on that "
            "label includes them too.",
            "date": "When it started or, if it has not started, when it was created.",
            "createdAt": "When it was created.",
            "startedAt": "When it started.",
            "endedAt": "When it ended.",
            "duration": "The seconds between its start and its end, or now.",
            "progress": "The progress, 0 to 1.",
            "error": "The fingerprint of the failure, as in `Failure.fingerprint`: finds the same error.",
            "retried": "Whether one of its task runs had more than one attempt.",
            "hasError": "Whether it failed.",
            "hasNotes": "Whether it has notes.",
            "hasChildren": "Whether its subflow tasks started executions.",
            "isChild": "Whether a subflow task of another execution started it.",
            "trigger": "The kind of trigger: one of these.",
            "schedule": "The key of the schedule that started it, on time or in a backfill.",
            "origin": "Where it ran.",
            "commit": "The commit of the code that ran.",
            "branch": "The branch of the code that ran.",
            "and": "All of these hold.",
            "or": "One of these holds.",
            "not": "This does not hold.",
        },
    ),
    "FlowFilter": (
        "Conditions on flows. All given conditions must hold.",
        {
            "namespace": "The namespace.",
            "key": "The key.",
            "kind": "The kind.",
            "labels": "The labels.",
            "text": "Descriptions; each must be the start of a word in the key, the namespace or the description.",
            "enabled": "Whether it can be started.",
            "and": "All of these hold.",
            "or": "One of these holds.",
            "not": "This does not hold.",
        },
    ),
    "ApprovalFilter": (
        "Conditions on approval requests. All given conditions must hold.",
        {
            "state": "In one of these states.",
            "executionId": "Of this execution.",
            "mine": "True: only requests that the viewer may decide, by user name or role.",
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
            "labels": "Labels to add to those of the flow.",
            "kind": "Overrides the kind of the flow.",
            "onFailure": "Overrides the `on_failure` of the flow.",
            "disabledTasks": "The keys of tasks not to run.",
            "rerunOf": "The ended execution that this one repeats: outputs of disabled tasks that succeeded there "
            "are available to the other tasks.",
            "noCache": "Run even if cached results exist, for the flow and its tasks.",
            "priority": "-1000 to 1000, 0 by default; higher values run first in their queues.",
            "scheduledAt": "Do not start before this time; the execution is CREATED until then.",
            "idempotencyKey": "A repeated call with the same key and input returns the first execution and starts "
            "none. Kept for 7 days for each actor.",
            "reason": REASON,
        },
    ),
    "ActionInput": (
        "An execution to act on.",
        {
            **_ACTION,
            "cascade": "Whether to pause or resume the executions that its subflows started too; true by default.",
        },
    ),
    "CancelExecutionInput": (
        "An execution to stop.",
        {
            **_ACTION,
            "cascade": "Whether to stop the executions that its subflows started too; true by default.",
            "force": "Kill at once, without the tasks' `kill_grace`.",
        },
    ),
    "RetryFailedInput": ("An execution whose failed task runs to retry.", _PLANNED),
    "RestartExecutionInput": ("An ended execution to run again.", _PLANNED),
    "ReplayExecutionInput": (
        "An ended execution to start a new one from.",
        {
            "id": "The execution.",
            "fromTask": "The key of the task to start from: earlier tasks do not run, and their outputs are reused. "
            "From the start by default.",
            "revision": "Which revision to run, SAME by default.",
            "inputs": "Values that override the inputs of the execution, by name.",
            "reason": REASON,
            "overrideApprovals": "True: reuse decisions that became invalid because the inputs or the revision "
            "differ. Needs the permission OVERRIDE_APPROVAL and a reason, and is recorded. By default new decisions "
            "are requested.",
            "plan": "True: only return the plan, and start nothing.",
            "idempotencyKey": "A repeated call with the same key and input returns the first replay and starts none.",
        },
    ),
    "PrepareExecutionInput": (
        "An ended execution to draft a new one from.",
        {"id": "The execution.", "revision": "Which revision to run, LATEST by default."},
    ),
    "RevisionChoice": (
        "The revision of the flow that a rerun uses.",
        {
            "SAME": "The revision of the original execution.",
            "LATEST": "The latest revision of the flow.",
        },
    ),
    "ChangeStateInput": (
        "A new terminal state for an ended execution.",
        {
            "id": "The execution.",
            "state": "SUCCESS, WARNING, FAILED, KILLED or CANCELLED.",
            "reason": "The reason; required, and stored with the event.",
            "expectedSeq": _EXPECTED_SEQ,
        },
    ),
    "ChangeTaskRunStateInput": (
        "A new terminal state for an ended task run.",
        {
            "taskRunId": "The task run.",
            "state": "SUCCESS, WARNING, FAILED or SKIPPED.",
            "reason": "The reason; required, and stored with the event.",
            "outputs": "Outputs to add to those of the task run, by name: at most 1 MiB, integers of 64 bits.",
            "expectedSeq": _EXPECTED_SEQ,
        },
    ),
    "SendEventInput": (
        "An event for `wait` tasks: of one execution, or of each execution in a namespace that waits for it.",
        {
            "name": "The `event` of the wait tasks: 1 to 100 characters of A-Z a-z 0-9 . _ : / -, starting with a "
            "letter or digit.",
            "executionId": "The execution. The `wait` that began first consumes the event; if there is none, the "
            "event is queued.",
            "namespace": "The namespace, including all below: each execution there that now waits for the event.",
            "data": "Any JSON of at most 1 MiB, with integers of 64 bits; it becomes the output `data` of the wait.",
            "reason": REASON,
        },
    ),
    "SetLabelsInput": (
        "Labels to change.",
        {
            "id": "The execution.",
            "labels": "The labels; each key only once.",
            "mode": "How to apply the labels, MERGE by default.",
            "reason": REASON,
        },
    ),
    "LabelMode": (
        "How labels are applied.",
        {
            "MERGE": "Add them, replacing values of existing keys.",
            "REPLACE": "Replace all labels by these.",
            "REMOVE": "Remove the labels with these keys.",
        },
    ),
    "DecideInput": (
        "A decision.",
        {
            "approvalId": "The request.",
            "comment": "A comment on the decision; some requests require one.",
            "form": "The values of the request's form, by field; required for an approval if the request has a form.",
            "override": "Decide against the policy, with the permission OVERRIDE_APPROVAL and a comment that gives "
            "the reason. The vote is marked.",
            "idempotencyKey": "A repeated call with the same vote and key succeeds and changes nothing.",
        },
    ),
}
