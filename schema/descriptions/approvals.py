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
            "groups": "Who must approve: each of these groups. A policy without groups is one without a name.",
            "allowSelf": "Whether those who started, restarted or replayed the execution may decide.",
            "form": "What an approval has to fill in; `[]` for nothing.",
            "onTimeout": "What it becomes when nobody decided by `expiresAt`.",
            "onReject": "What a rejection does.",
            "escalatedTo": "The roles that may decide as well since it was escalated.",
            "remindEvery": "Seconds between reminders; null without any.",
            "expiresAt": "When its time runs out; null without a timeout.",
            "canDecide": "Whether the viewer may decide it now.",
            "cannotDecideReason": "Why the viewer may not decide it now, in words; null when they may.",
            "canOverride": "Whether the viewer may decide it past the policy, with `override` and a comment.",
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
            "override": "Whether somebody voted past the policy, with the permission OVERRIDE_APPROVAL.",
            "form": "What they filled in; null when nothing.",
        },
    ),
    "ApprovalGroup": (
        "People of whom some must approve. One person counts for one group.",
        {
            "name": "Its name; empty for a policy without groups.",
            "users": "The names of those who belong to it.",
            "roles": "The roles whose holders belong to it.",
            "required": "How many of them must approve.",
            "given": "How many have, each person counted where it helps most.",
        },
    ),
    "OnTimeout": (
        "What a request becomes that nobody decided in time.",
        {
            "REJECT": "As if rejected. The default.",
            "APPROVE": "As if approved, by nobody.",
            "FAIL": "The task run is FAILED.",
            "CANCEL": "The execution is stopped.",
            "SKIP": "The task run is SKIPPED, which counts as a success.",
            "ESCALATE": "Further roles may decide, for as long again; then it is rejected.",
        },
    ),
    "OnReject": (
        "What a rejection does.",
        {
            "REJECT": "The task run is REJECTED, and the execution ends so. The default.",
            "FAIL": "The task run is FAILED.",
            "SKIP_DOWNSTREAM": "It and what needs it are SKIPPED; the rest goes on.",
        },
    ),
    "ApprovalChange": (
        "What changed of the requests that are watched.",
        {
            "reset": "True in the first message: what it holds replaces everything before.",
            "changed": "Requests that are new or have changed, as they are now.",
            "gone": "Requests that are no longer among them.",
            "totalCount": "How many there are.",
        },
    ),
    "VoteDecision": ("A vote.", {"APPROVE": "Yes.", "REJECT": "No."}),
}
