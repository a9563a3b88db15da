from typing import Final

from schema.descriptions.shared_texts import Descriptions

LIVE: Final[Descriptions] = {
    "ExecutionListChange": (
        "A change of a live list of executions. The first message holds the whole list.",
        {
            "reset": "Whether this message replaces the whole list: discard the previous rows.",
            "enter": "New rows: in list order for a reset, else in an order in which each `before` is already in the "
            "list.",
            "update": "Rows that changed without moving.",
            "leave": "Rows to remove.",
            "cursor": "The position of this message in the stream.",
            "totalCount": "The number of matching executions, including those beyond the rows of the list.",
        },
    ),
    "ListEntry": (
        "A row that enters a live list.",
        {
            "node": "The execution.",
            "before": "The id of the row to insert before; null to append.",
        },
    ),
    "ListLeave": (
        "A row that leaves a live list.",
        {"id": "The id of the execution.", "reason": "Why the row leaves."},
    ),
    "LeaveReason": (
        "Why a row leaves a live list.",
        {
            "NO_LONGER_MATCHES": "It does not match the filter any more.",
            "MOVED": "It moved: it enters again at another position.",
            "BEYOND_WINDOW": "Other rows displaced it.",
            "DELETED": "It was deleted.",
        },
    ),
    "ExecutionChange": (
        "The changes of an execution after a cursor. A message has about 20 KB at most, unless a single row is "
        "larger.",
        {
            "reset": "Whether the cursor is unknown or too old: query the execution again and continue from its "
            "`cursor`. All other fields are empty.",
            "cursor": "Pass it as `after` to continue after this change.",
            "seq": "The seq of the last event that this message and all before it cover.",
            "more": "Whether another message with changes that already happened follows immediately.",
            "execution": "The execution in its current state; select only its own fields.",
            "taskRuns": "New and changed task runs, in their current state. New ones are appended.",
            "approvals": "New and changed approval requests.",
            "metrics": "New metrics.",
            "artifacts": "New and changed artifacts.",
            "goneArtifactIds": "The ids of uses to remove, because their attempt did not succeed.",
            "notes": "New notes.",
            "children": "Executions started by subflow tasks that are new or whose state or labels changed.",
            "events": "The events since the previous message, in order.",
        },
    ),
    "LogBatch": (
        "A batch of log lines, in order. The last batch is complete and has no lines.",
        {
            "lines": "The lines that follow those of the previous batch.",
            "cursor": "Pass it as `after` to continue after this batch.",
            "complete": "Whether this is the last batch: the execution has ended and all lines were sent.",
            "lineCount": "The total number of selected lines; null before the last batch.",
            "sha256": "The SHA-256 of the text of these lines, each with a newline, in hexadecimal; null before the "
            "last batch.",
        },
    ),
}
