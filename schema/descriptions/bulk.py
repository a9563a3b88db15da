from typing import Final

from schema.descriptions.shared_texts import ID, REASON, Descriptions, paged

_PROBLEMS: Final = {"problems": "Why the mutation was refused; empty on success."}
_SAMPLES: Final = "Examples, 5 at most."
_BULK: Final = {"bulk": "The bulk action after the mutation; null if it was refused."}
_ONLY_FOR: Final = "Only for {}: {}"

BULK: Final[Descriptions] = {
    "PreviewBulkInput": (
        "An action and its executions: given by `ids`, or by a filter.",
        {
            "action": "The action. PREPARE_EXECUTION and CHANGE_TASK_RUN_STATE are not available in bulk.",
            "ids": "The executions, at most 10 000.",
            "where": "All executions that match now, at most 10 000. Archived ones only if the filter has `archived`.",
            "search": "The same in the search language.",
            "labels": _ONLY_FOR.format("SET_LABELS", "the labels."),
            "mode": _ONLY_FOR.format("SET_LABELS", "how to apply the labels, MERGE by default."),
            "state": _ONLY_FOR.format(
                "CHANGE_STATE", "SUCCESS, WARNING, FAILED, KILLED or CANCELLED. Needs a reason."
            ),
            "text": _ONLY_FOR.format("ADD_NOTE", "the note, as Markdown."),
            "cascade": _ONLY_FOR.format(
                "CANCEL, PAUSE, RESUME and FORCE_RUN",
                "whether to act on the executions that its subflows started too, true by default.",
            ),
            "force": _ONLY_FOR.format("CANCEL", "kill without a grace period."),
            "fromTask": _ONLY_FOR.format("REPLAY", "the key of the task to start from."),
            "revision": _ONLY_FOR.format("REPLAY", "the revision of the flow, SAME by default."),
            "logs": _ONLY_FOR.format("DELETE", "whether to delete log lines too, true by default."),
            "metrics": _ONLY_FOR.format(
                "DELETE", "whether to delete metrics too, true by default."
            ),
            "artifacts": _ONLY_FOR.format(
                "DELETE", "whether to delete artifacts and their stored files too, true by default."
            ),
            "reason": "The reason, as free text; `runBulk` can override it.",
        },
    ),
    "PreviewBulkPayload": (
        "The result of `previewBulk`.",
        {"preview": "What would happen now; null if the mutation was refused.", **_PROBLEMS},
    ),
    "BulkPreview": (
        "A fixed list of executions, and what the action would do to each in its current state.",
        {
            "id": "The id to pass to `runBulk`; it becomes the id of the bulk action.",
            "action": "The action.",
            "total": "The number of executions.",
            "wouldApply": "The number of executions that allow the action.",
            "samples": "Examples of executions that allow it, 5 at most.",
            "notAllowed": "The executions that do not allow it, grouped by reason.",
            "forbidden": "The number of executions for which you lack the permission, whatever their state.",
            "notFound": "Those of `ids` that do not exist, or that you may not see. They are not part of the preview.",
            "expiresAt": "Until when the preview can be run with ATOMIC. With EACH, every execution is checked again.",
        },
    ),
    "BulkRefusal": (
        "Executions of a preview that are refused for the same reason.",
        {
            "code": "The kind of refusal.",
            "reason": "A sentence that says what would allow the action.",
            "count": "The number of executions.",
            "samples": _SAMPLES,
        },
    ),
    "RunBulkInput": (
        "Runs a preview. Only its creator may run it, and only once.",
        {
            "previewId": "The preview.",
            "mode": "All or none, or each execution independently.",
            "reason": REASON,
            "idempotencyKey": "A repeated call with the same key and input returns the first result and does nothing.",
        },
    ),
    "RunBulkPayload": (
        "The result of `runBulk`.",
        {
            **_BULK,
            "problems": "Why the mutation was refused; for ATOMIC one problem for each execution that refuses, with "
            "its id in `path`. Nothing was changed then. Empty if it was accepted.",
        },
    ),
    "CancelBulkInput": (
        "A running bulk action to stop.",
        {
            "id": "The bulk action.",
            "reason": "The reason, as free text. It is stored in the audit log.",
        },
    ),
    "CancelBulkPayload": ("The result of `cancelBulk`.", {**_BULK, **_PROBLEMS}),
    "Bulk": (
        "One action on many executions, running or ended.",
        {
            "id": ID,
            "action": "The action.",
            "mode": "All or none, or each execution independently.",
            "state": "The state of the bulk action.",
            "counts": "The number of executions by outcome.",
            "progress": "The share of executions that are processed, from 0 to 1.",
            "actor": "Who started it.",
            "channel": "The channel of the request.",
            "reason": "The reason, as free text; the events of each execution have it too.",
            "startedAt": "When it was started.",
            "endedAt": "When it was done or cancelled; null while it is running.",
            "cancelledBy": "Who cancelled it; null if it was not cancelled.",
            "results": "The outcome of each execution, in the order of the preview.",
            "results(outcome)": "Only results with this outcome.",
            **paged("results"),
        },
    ),
    "BulkMode": (
        "How a bulk action is run.",
        {
            "ATOMIC": "All in one transaction, or none: at most 1000, each in the state that the preview found.",
            "EACH": "Each execution independently, checked again in its current state; a refusal does not stop the "
            "others. It continues after a server restart, and yields to interactive requests.",
        },
    ),
    "BulkState": (
        "The state of a bulk action.",
        {
            "RUNNING": "Executions may be left to process.",
            "DONE": "Every execution was processed or refused.",
            "CANCELLED": "It was stopped; the remaining executions are unchanged.",
        },
    ),
    "BulkOutcome": (
        "The outcome for one execution.",
        {
            "DONE": "The action succeeded.",
            "REFUSED": "The action was refused; `problem` says why.",
            "LEFT": "Not processed yet; or never, if the bulk action was cancelled.",
        },
    ),
    "BulkCounts": (
        "The number of executions by outcome.",
        {
            "total": "All executions.",
            "done": "Executions on which the action succeeded.",
            "refused": "Executions on which it was refused.",
            "left": "Executions not processed.",
        },
    ),
    "BulkResult": (
        "The outcome for one execution of a bulk action.",
        {
            "id": "`bres_`, the suffix of the bulk action's id, and the position: `bres_01k..._42`.",
            "executionId": "The id of the execution; kept if that is deleted.",
            "name": "The name of the execution.",
            "execution": "The execution; null if it was deleted, or the viewer may not see it.",
            "outcome": "The outcome.",
            "problem": "Why it was refused; null if it was not.",
            "started": "The execution that a REPLAY started; null for other actions.",
            "at": "When it was processed; null while it is not.",
        },
    ),
    "BulkResultConnection": (
        "A page of results, in the order of the preview.",
        {
            "edges": "The results with their cursors.",
            "nodes": "The results.",
            "pageInfo": "The position of the page in the list.",
            "totalCount": "The total number of results.",
        },
    ),
    "BulkResultEdge": (
        "A result with its cursor.",
        {"node": "The result.", "cursor": "The position in the list."},
    ),
}
