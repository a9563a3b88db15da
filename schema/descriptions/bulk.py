from typing import Final

from schema.descriptions.words import ID, REASON, Words, paged

_PROBLEMS: Final = {"problems": "Why it was refused; empty when it was done."}
_SAMPLES: Final = "Some of them, 5 at most."
_BULK: Final = {"bulk": "The bulk action afterwards; null when it was refused."}
_OF: Final = "Of {}, and no other action: {}"

BULK: Final[Words] = {
    "PreviewBulkInput": (
        "An action, and the executions that it is meant for: by `ids`, or by a filter.",
        {
            "action": "What is to be done. PREPARE_EXECUTION and CHANGE_TASK_RUN_STATE are done one by one.",
            "ids": "The executions, 10 000 at most.",
            "where": "All that match now, 10 000 at most. Archived ones only when it speaks of `archived`.",
            "search": "The same in the search language.",
            "labels": _OF.format("SET_LABELS", "the labels."),
            "mode": _OF.format("SET_LABELS", "what becomes of the labels, MERGE by default."),
            "state": _OF.format(
                "CHANGE_STATE", "SUCCESS, WARNING, FAILED, KILLED or CANCELLED. Needs a reason."
            ),
            "text": _OF.format("ADD_NOTE", "the note, as Markdown."),
            "cascade": _OF.format(
                "CANCEL, PAUSE, RESUME and FORCE_RUN",
                "whether what its subflows started follows it, true by default.",
            ),
            "force": _OF.format("CANCEL", "leave no grace."),
            "fromTask": _OF.format("REPLAY", "the key of the task to start from."),
            "revision": _OF.format("REPLAY", "of the flow, SAME by default."),
            "logs": _OF.format("DELETE", "whether log lines go too, true by default."),
            "metrics": _OF.format("DELETE", "whether metrics go too, true by default."),
            "artifacts": _OF.format(
                "DELETE", "whether artifacts and their stored files go too, true by default."
            ),
            "reason": "Why, in words, unless `runBulk` gives another one.",
        },
    ),
    "PreviewBulkPayload": (
        "What `previewBulk` answers.",
        {"preview": "What would happen now; null when it was refused.", **_PROBLEMS},
    ),
    "BulkPreview": (
        "A set of executions, frozen, and what an action would make of each as it is now.",
        {
            "id": "What `runBulk` takes, and the id of the bulk action that comes of it.",
            "action": "What would be done.",
            "total": "How many executions there are.",
            "wouldApply": "How many of them allow it.",
            "samples": "Some of those that allow it, 5 at most.",
            "notAllowed": "Those that do not allow it, by reason.",
            "forbidden": "How many of them you may not do it to, whatever their state.",
            "notFound": "Those of `ids` that are not there, or that you may not see. They are not in the set.",
            "expiresAt": "Until when all can be done together. What is done one by one is judged anew.",
        },
    ),
    "BulkRefusal": (
        "Executions of a set that refuse for the same reason.",
        {
            "code": "What kind of refusal it is.",
            "reason": "A sentence that names what would allow it.",
            "count": "How many they are.",
            "samples": _SAMPLES,
        },
    ),
    "RunBulkInput": (
        "A preview to carry out, by whoever previewed it, and once.",
        {
            "previewId": "The preview.",
            "mode": "All or none, or each by itself.",
            "reason": REASON,
            "idempotencyKey": "The same key with the same input gives the first answer, and does nothing more.",
        },
    ),
    "RunBulkPayload": (
        "What `runBulk` answers.",
        {
            **_BULK,
            "problems": "Why it was refused; of ATOMIC one for each execution that stands against it, "
            "with its id in the `path`. Nothing was done then. Empty when it was accepted.",
        },
    ),
    "CancelBulkInput": (
        "A running bulk action to stop.",
        {"id": "The bulk action.", "reason": "Why, in words. It is kept in the audit log."},
    ),
    "CancelBulkPayload": ("What `cancelBulk` answers.", {**_BULK, **_PROBLEMS}),
    "Bulk": (
        "One action on many executions, being carried out or ended.",
        {
            "id": ID,
            "action": "What is done.",
            "mode": "All or none, or each by itself.",
            "state": "Whether it goes on.",
            "counts": "How far it is.",
            "progress": "What is not left, as a part of all, in [0, 1].",
            "actor": "Who started it.",
            "channel": "Through what it was started.",
            "reason": "Why, in words; each execution's events have it too.",
            "startedAt": "When it was started.",
            "endedAt": "When it was done or cancelled; null while it runs.",
            "cancelledBy": "Who cancelled it; null when nobody did.",
            "results": "What became of each execution, in the order of the set.",
            "results(outcome)": "Only these.",
            **paged("results"),
        },
    ),
    "BulkMode": (
        "How a set is carried out.",
        {
            "ATOMIC": "All in one transaction, or none: 1000 at most, each in the state that the preview found.",
            "EACH": "Each by itself, judged as it is then; what is refused does not stop the others. It goes on "
            "when a server ends, and leaves room for what people ask meanwhile.",
        },
    ),
    "BulkState": (
        "How far a bulk action is.",
        {
            "RUNNING": "There may be something left to do.",
            "DONE": "Each execution was done or refused.",
            "CANCELLED": "It was stopped; what is left stays as it was.",
        },
    ),
    "BulkOutcome": (
        "What became of one execution.",
        {
            "DONE": "The action was carried out.",
            "REFUSED": "It was not; `problem` says why.",
            "LEFT": "It was not, yet; or never, when the bulk action was cancelled.",
        },
    ),
    "BulkCounts": (
        "Executions by what became of them.",
        {
            "total": "All.",
            "done": "Those that it was done to.",
            "refused": "Those that refused.",
            "left": "Those that are left.",
        },
    ),
    "BulkResult": (
        "What became of one execution of a bulk action.",
        {
            "id": "`bres_`, then as the id of the bulk action goes on, and its place: `bres_01k..._42`.",
            "executionId": "The execution's id; it stays when that is deleted.",
            "name": "The execution's name.",
            "execution": "The execution; null when it was deleted, or may not be seen.",
            "outcome": "Whether it was done.",
            "problem": "Why it was refused; null when it was not.",
            "started": "The execution that a REPLAY started; null for other actions.",
            "at": "When that was; null while it is left.",
        },
    ),
    "BulkResultConnection": (
        "A page of results, in the order of the set.",
        {
            "edges": "The results with their cursors.",
            "nodes": "The results.",
            "pageInfo": "Whether there is more, and from where.",
            "totalCount": "How many there are in all.",
        },
    ),
    "BulkResultEdge": (
        "A result in a list.",
        {"node": "The result.", "cursor": "Where in the list it is."},
    ),
}
