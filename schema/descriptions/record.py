from typing import Final

from schema.descriptions.shared_texts import ID, Descriptions

_PROBLEMS: Final = {"problems": "Why the mutation was refused; empty on success."}
_EACH: Final = {
    "problems": "Why some executions were refused; `path` is the position in `ids`. The others succeeded."
}
_MANY: Final = {
    "ids": "The executions, 1 to 1000.",
    "reason": "The reason, as free text. It is stored in the audit log.",
}

RECORD: Final[Descriptions] = {
    "Note": (
        "A note on an execution.",
        {
            "id": ID,
            "seq": "The seq of its event.",
            "author": "Who wrote it.",
            "text": "The text, as unrendered Markdown.",
            "at": "When it was written.",
        },
    ),
    "AuditEvent": (
        "An action of a person or program. The entry is kept when its target is deleted.",
        {
            "id": ID,
            "at": "When the action was taken.",
            "action": "The action: CREATE_EXECUTION, CANCEL, RETRY_FAILED, DELETE, SAVE_FLOW, CREATE_TOKEN, ... "
            "Actions on executions are named as in `availableActions`.",
            "actor": "Who took the action.",
            "channel": "The channel of the request.",
            "reason": "The reason, if one was given.",
            "target": "The id of the target; null without a target.",
            "targetName": "The name of the target at that time.",
            "namespace": "The namespace of the target; null if it has none.",
            "data": "Further details; their form depends on `action`.",
            "execution": "The execution, in its current state; null if it is deleted, or the target is something "
            "else.",
            "event": "The first event that the action caused; later ones refer to it in `causedBy`. Null if there is "
            "none.",
        },
    ),
    "EventConnection": (
        "A page of the audit log.",
        {
            "edges": "The entries with their cursors.",
            "nodes": "The entries.",
            "pageInfo": "The position of the page in the list.",
            "totalCount": "The total number of entries.",
        },
    ),
    "EventEdge": (
        "An entry with its cursor.",
        {"node": "The entry.", "cursor": "The position of the entry in the list."},
    ),
    "AuditFilter": (
        "Conditions on entries. All given conditions must hold.",
        {
            "actor": "By this actor: `user:admin`, `token:ci`, or a name of any kind.",
            "action": "One of these actions.",
            "namespace": "In this namespace or below.",
            "executionId": "On this execution.",
            "channel": "Through one of these channels.",
            "since": "At or after this time.",
            "until": "Before this time.",
        },
    ),
    "ArchivedChoice": (
        "Whether a list includes archived executions.",
        {
            "NO": "Exclude archived executions. The default.",
            "YES": "Only archived executions.",
            "ANY": "Archived and other executions.",
        },
    ),
    "AddNoteInput": (
        "A note to add.",
        {
            "id": "The execution.",
            "text": "1 to 10 000 characters, as Markdown.",
            "idempotencyKey": "A repeated call with the same key and input returns the first note and adds none. "
            "Kept for 7 days for each actor.",
        },
    ),
    "ManyInput": ("Executions to act on.", _MANY),
    "DeleteExecutionsInput": (
        "Executions to delete.",
        {
            **_MANY,
            "logs": "Whether to delete their log lines too.",
            "metrics": "Whether to delete their metrics too.",
            "artifacts": "Whether to delete their artifacts too, with the files that Headway stored for them; "
            "artifacts that other executions reference are kept.",
        },
    ),
    "AddNotePayload": (
        "The result of `addNote`.",
        {
            "note": "The note; null if the mutation was refused.",
            "execution": "The execution after the mutation; null if it was refused.",
            **_PROBLEMS,
        },
    ),
    **{
        f"{name[0].upper()}{name[1:]}Payload": (
            f"The result of `{name}`.",
            {"executions": "The executions that were changed, in their new state.", **_EACH},
        )
        for name in ("archiveExecutions", "unarchiveExecutions")
    },
    "DeleteExecutionsPayload": (
        "The result of `deleteExecutions`.",
        {"deleted": "The ids of the deleted executions.", **_EACH},
    ),
}
