from typing import Final

from schema.descriptions.words import ID, Words

APPROVALS: Final[Words] = {
    "Approval": (
        "A request for a decision. Its policy is that of the task when it began to wait.",
        {
            "id": ID,
            "state": "Whether it is decided, and how.",
            "message": "The question.",
            "execution": "The execution that waits for it.",
            "taskRun": "The task run that waits for it.",
            "required": "How many must approve; one rejection rejects.",
            "users": "The names of those who may decide.",
            "roles": "The roles whose holders may decide. With `users` empty too, anyone with the permission APPROVE.",
            "comment": "Whether a decision needs a comment.",
            "requestedAt": "When it was asked.",
            "decidedAt": "When it was decided or cancelled; null before.",
            "votes": "The votes, in order.",
            "canDecide": "Whether the viewer may decide it now.",
        },
    ),
    "ApprovalState": (
        "Whether a request is decided, and how.",
        {
            "PENDING": "Not decided.",
            "APPROVED": "Enough approved.",
            "REJECTED": "Somebody rejected.",
            "EXPIRED": "Its time ran out.",
            "CANCELLED": "Its execution was stopped first.",
        },
    ),
    "CommentRule": (
        "Whether a decision needs a comment.",
        {
            "NEVER": "None is needed.",
            "ON_REJECT": "A rejection needs one.",
            "ALWAYS": "Every decision needs one.",
        },
    ),
    "Vote": (
        "What one person decided. It is never changed.",
        {
            "actor": "Who voted.",
            "decision": "How.",
            "comment": "What they said; null when nothing.",
            "at": "When.",
            "override": "Whether an admin voted past the policy.",
        },
    ),
    "VoteDecision": ("A vote.", {"APPROVE": "Yes.", "REJECT": "No."}),
}
