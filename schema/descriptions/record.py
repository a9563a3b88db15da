from typing import Final

from schema.descriptions.words import ID, Words

_PROBLEMS: Final = {"problems": "Why it was refused; empty when it was done."}
_EACH: Final = {
    "problems": "Why some were refused, each with its place in `ids` as its `path`; the others are done."
}
_MANY: Final = {
    "ids": "The executions, 1 to 1000.",
    "reason": "Why, in words. It is kept in the audit log.",
}

RECORD: Final[Words] = {
    "Note": (
        "What somebody wrote beside an execution.",
        {
            "id": ID,
            "seq": "The seq of its event.",
            "author": "Who wrote it.",
            "text": "The text, as Markdown that nobody has rendered.",
            "at": "When it was written.",
        },
    ),
    "AuditEvent": (
        "Something that a person or program did. It stays when what it was done to is deleted.",
        {
            "id": ID,
            "at": "When it was done.",
            "action": "What was done: CREATE_EXECUTION, CANCEL, RETRY_FAILED, DELETE, SAVE_FLOW, CREATE_TOKEN, ... "
            "Actions on executions are named as in `availableActions`.",
            "actor": "Who did it.",
            "channel": "The way by which it came.",
            "reason": "Why, when that was said.",
            "target": "The id of what it was done to; null for what has none.",
            "targetName": "The name that it had then.",
            "namespace": "Where it was; null for what is of no namespace.",
            "data": "More about it, by action.",
            "execution": "The execution, as it is now; null when it is deleted, or it was done to something else.",
            "event": "The first event that it caused; what followed from it names that one. Null when there is none.",
        },
    ),
    "EventConnection": (
        "A page of the audit log.",
        {
            "edges": "The entries with their cursors.",
            "nodes": "The entries.",
            "pageInfo": "Where the page stands in the list.",
            "totalCount": "How many there are in all.",
        },
    ),
    "EventEdge": (
        "An entry and its place in the list.",
        {"node": "The entry.", "cursor": "Its place, to page from."},
    ),
    "AuditFilter": (
        "Which entries. All that is given must hold.",
        {
            "actor": "By this actor: `user:admin`, `token:ci`, or a name of whatever kind.",
            "action": "One of these actions.",
            "namespace": "Of this namespace and those below it.",
            "executionId": "Done to this execution.",
            "channel": "By one of these ways.",
            "since": "At this moment or later.",
            "until": "Before this moment.",
        },
    ),
    "ArchivedChoice": (
        "Whether archived executions are in a list.",
        {"NO": "Without them. The default.", "YES": "Only they.", "ANY": "They and all others."},
    ),
    "AddNoteInput": (
        "A note to write.",
        {
            "id": "The execution.",
            "text": "1 to 10 000 characters, as Markdown.",
            "idempotencyKey": "The same key again, with the same input, gives the first note and writes none. "
            "Kept for 7 days for each actor.",
        },
    ),
    "ManyInput": ("Executions to act on.", _MANY),
    "DeleteExecutionsInput": (
        "Executions to delete.",
        {
            **_MANY,
            "logs": "Whether their log lines go too.",
            "metrics": "Whether their metrics go too.",
            "artifacts": "Whether their artifacts go too, with the files that Headway stored for them; what other "
            "executions mention stays with these.",
        },
    ),
    "AddNotePayload": (
        "What `addNote` answers.",
        {
            "note": "The note; null when it was refused.",
            "execution": "The execution afterwards; null when it was refused.",
            **_PROBLEMS,
        },
    ),
    **{
        f"{name[0].upper()}{name[1:]}Payload": (
            f"What `{name}` answers.",
            {"executions": "Those that were done, as they are afterwards.", **_EACH},
        )
        for name in ("archiveExecutions", "unarchiveExecutions")
    },
    "DeleteExecutionsPayload": (
        "What `deleteExecutions` answers.",
        {"deleted": "The ids of those that are gone.", **_EACH},
    ),
}
