from typing import Final

from schema.descriptions.words import Words

_PROBLEM: Final = {
    "code": "What kind of refusal it is.",
    "message": "A sentence for people: what is wrong, and what would be right.",
    "path": "Where in the input, or in the flow document, the fault is; null when it is in no one place.",
}

PROBLEMS: Final[Words] = {
    "Problem": ("A refusal as data. Whatever was refused has changed nothing.", _PROBLEM),
    "GenericProblem": ("A refusal that carries nothing more.", _PROBLEM),
    "InvalidState": (
        "The execution's state does not allow this.",
        {
            **_PROBLEM,
            "state": "The state that it is in.",
            "availableActions": "Every action, whether it is possible now and, if not, why.",
        },
    ),
    "ValidationProblem": (
        "Something in the input, or in a flow document, is wrong or not built yet.",
        {
            **_PROBLEM,
            "line": "In the flow document, from 1; null when it is no fault of a document.",
            "column": "In that line, from 1; null when it is no fault of a document.",
        },
    ),
    "AlreadyDecided": (
        "The request for a decision is closed.",
        {**_PROBLEM, "request": "The request, as it was decided."},
    ),
    "ProblemCode": (
        "The kinds of refusals.",
        {
            "NOT_FOUND": "There is no such thing, or the viewer may not see it.",
            "FORBIDDEN": "The viewer may not do this.",
            "INVALID_STATE": "The state does not allow this.",
            "CONFLICT": "The state changed since the seq that was expected.",
            "VALIDATION": "The input is wrong.",
            "IDEMPOTENCY_CONFLICT": "The idempotency key was used with another input.",
            "ALREADY_DECIDED": "The request is closed.",
            "ALREADY_VOTED": "The viewer voted otherwise; a vote stands.",
            "SELF_APPROVAL": "Who started an execution may not decide this.",
            "PAYLOAD_TOO_LARGE": "More than fits; use an artifact.",
            "QUOTA_EXCEEDED": "A person or a team has used up what it may keep or record; the message says what to do.",
            "NOT_YET": "Part of the contract, but not built yet.",
            "UNAVAILABLE": "The database cannot be reached now; the same request may succeed later.",
        },
    ),
}
