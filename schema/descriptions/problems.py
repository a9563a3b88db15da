from typing import Final

from schema.descriptions.shared_texts import Descriptions

_PROBLEM: Final = {
    "code": "The kind of refusal.",
    "message": "A sentence that says what is wrong and what would be right.",
    "path": "The location of the fault in the input or in the flow document; null if it has no single location.",
}

PROBLEMS: Final[Descriptions] = {
    "Problem": ("A refusal as data. A refused mutation has changed nothing.", _PROBLEM),
    "GenericProblem": ("A refusal without further data.", _PROBLEM),
    "InvalidState": (
        "The execution's state does not allow this.",
        {
            **_PROBLEM,
            "state": "The current state.",
            "availableActions": "Every action: whether it is possible now and, if not, why.",
        },
    ),
    "ValidationProblem": (
        "Something in the input or in a flow document is invalid or not supported yet.",
        {
            **_PROBLEM,
            "line": "The line in the flow document, from 1; null for a fault outside of a document.",
            "column": "The column in that line, from 1; null for a fault outside of a document.",
        },
    ),
    "AlreadyDecided": (
        "The approval request is closed.",
        {**_PROBLEM, "request": "The closed request."},
    ),
    "ProblemCode": (
        "The kinds of refusals.",
        {
            "NOT_FOUND": "The object does not exist, or the viewer may not see it.",
            "FORBIDDEN": "The viewer lacks the permission.",
            "INVALID_STATE": "The current state does not allow this.",
            "CONFLICT": "The state changed after the expected seq.",
            "VALIDATION": "The input is invalid.",
            "IDEMPOTENCY_CONFLICT": "The idempotency key was used with a different input.",
            "ALREADY_DECIDED": "The approval request is closed.",
            "ALREADY_VOTED": "The viewer has already voted differently; votes cannot be changed.",
            "SELF_APPROVAL": "The person who started an execution may not decide its requests.",
            "PAYLOAD_TOO_LARGE": "The value is too large; use an artifact.",
            "QUOTA_EXCEEDED": "A person or a team has used up a quota; the message says what to do.",
            "NOT_YET": "Part of the API, but not implemented yet.",
            "UNAVAILABLE": "The database is unreachable; the same request may succeed later.",
        },
    ),
}
