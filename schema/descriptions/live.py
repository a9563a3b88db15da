from typing import Final

from schema.descriptions.words import Words

LIVE: Final[Words] = {
    "ExecutionListChange": (
        "A change of a live list of executions. The first holds the whole list.",
        {
            "reset": "Whether this is the whole list anew: forget what was there.",
            "enter": "Rows that come in: of a reset in their order, else so that each one's `before` is there already.",
            "update": "Rows that stay in their place and changed.",
            "leave": "Rows that go out.",
            "cursor": "The place of this message in the stream.",
            "totalCount": "How many executions match, beyond the rows of the list too.",
        },
    ),
    "ListEntry": (
        "A row that comes into a live list.",
        {
            "node": "The execution.",
            "before": "The id of the row to stand before; null is at the end.",
        },
    ),
    "ListLeave": (
        "A row that goes out of a live list.",
        {"id": "The id of the execution.", "reason": "Why it goes."},
    ),
    "LeaveReason": (
        "Why a row leaves a live list.",
        {
            "NO_LONGER_MATCHES": "It does not match the filter any more.",
            "MOVED": "Its place changed: it also enters, elsewhere.",
            "BEYOND_WINDOW": "Others pushed it out.",
            "DELETED": "It is gone.",
        },
    ),
    "ExecutionChange": (
        "What changed of an execution after a cursor. A message is of about 20 KB at most, unless one row is longer.",
        {
            "reset": "Whether too much or unknown lies between: query the execution anew and go on from its `cursor`. "
            "Nothing else is told.",
            "cursor": "To go on after this change: pass it as `after`.",
            "seq": "The seq of the last event that this and all messages before tell of.",
            "more": "Whether more of what has happened already follows at once.",
            "execution": "It, as it is now: ask for its own fields only.",
            "taskRuns": "Those that are new or changed, as they are now. New ones follow those that were there.",
            "approvals": "The requests that are new or changed.",
            "metrics": "New ones.",
            "artifacts": "New or changed ones.",
            "goneArtifactIds": "The ids of uses that count no longer: their attempt did not succeed.",
            "notes": "New ones.",
            "children": "Executions that its subflow tasks started: new, or with another state or other labels.",
            "events": "The events since the message before, in order.",
        },
    ),
    "LogBatch": (
        "Lines of a log, in order. The last batch is complete, and without lines.",
        {
            "lines": "The lines after those of the batch before.",
            "cursor": "To go on after this batch: pass it as `after`.",
            "complete": "Whether there will be no more: the execution has ended and all was sent.",
            "lineCount": "How many lines of this choice there are, from the first on; null before the last batch.",
            "sha256": "Of the text of those lines, each with a newline, as hexadecimal; null before the last batch.",
        },
    ),
}
