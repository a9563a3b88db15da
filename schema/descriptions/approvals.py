from typing import Final

from schema.descriptions.shared_texts import ID, Descriptions

APPROVALS: Final[Descriptions] = {
    "Approval": (
        "A request for a decision. Its policy is that of the task when the request was made.",
        {
            "id": ID,
            "state": "The state of the request.",
            "message": "The question.",
            "execution": "The execution that waits for the decision.",
            "taskRun": "The task run that waits for the decision.",
            "required": "The number of required approvals; one rejection rejects the request.",
            "users": "The users who may decide.",
            "roles": "The roles whose holders may decide. If `users` is empty too, anyone with the permission "
            "APPROVE.",
            "comment": "When a decision requires a comment.",
            "requestedAt": "When the request was made.",
            "decidedAt": "When the request was decided or cancelled; null before.",
            "votes": "The votes, in order.",
            "groups": "The groups that must approve, all of them. A policy without groups is one group without a "
            "name.",
            "allowSelf": "Whether people who started, restarted or replayed the execution may decide.",
            "form": "The fields that an approval has to fill in; `[]` for none.",
            "onTimeout": "What happens if nobody has decided by `expiresAt`.",
            "onReject": "The effect of a rejection.",
            "escalatedTo": "The additional roles that may decide since an escalation.",
            "remindEvery": "Seconds between reminders; null without reminders.",
            "expiresAt": "When the request expires; null without a timeout.",
            "canDecide": "Whether the viewer may decide now.",
            "cannotDecideReason": "Why the viewer may not decide now; null if they may.",
            "canOverride": "Whether the viewer may decide against the policy, with `override` and a comment.",
        },
    ),
    "ApprovalState": (
        "The state of an approval request.",
        {
            "PENDING": "Not decided yet.",
            "APPROVED": "Approved by enough people.",
            "REJECTED": "Rejected by somebody.",
            "EXPIRED": "Not decided in time.",
            "CANCELLED": "The execution was stopped before a decision.",
        },
    ),
    "CommentRule": (
        "When a decision requires a comment.",
        {
            "NEVER": "Never.",
            "ON_REJECT": "A rejection requires one.",
            "ALWAYS": "Every decision requires one.",
        },
    ),
    "Vote": (
        "The decision of one person. It is never changed.",
        {
            "actor": "Who voted.",
            "decision": "The decision.",
            "comment": "The comment; null without one.",
            "at": "When the vote was cast.",
            "override": "Whether the vote overrode the policy, with the permission OVERRIDE_APPROVAL.",
            "form": "The values of the form; null without any.",
        },
    ),
    "ApprovalGroup": (
        "A group of people, some of whom must approve. Each person counts for one group.",
        {
            "name": "The name; empty for a policy without groups.",
            "users": "The users in the group.",
            "roles": "The roles whose holders are in the group.",
            "required": "The number of required approvals.",
            "given": "The number of approvals given; each person is counted in the group where it helps most.",
        },
    ),
    "OnTimeout": (
        "What happens to a request that nobody decided in time.",
        {
            "REJECT": "It is treated as rejected. The default.",
            "APPROVE": "It is treated as approved, without an approver.",
            "FAIL": "The task run is FAILED.",
            "CANCEL": "The execution is stopped.",
            "SKIP": "The task run is SKIPPED, which counts as a success.",
            "ESCALATE": "Additional roles may decide, for the same time again; after that it is rejected.",
        },
    ),
    "OnReject": (
        "The effect of a rejection.",
        {
            "REJECT": "The task run and the execution end REJECTED. The default.",
            "FAIL": "The task run is FAILED.",
            "SKIP_DOWNSTREAM": "The task run and the tasks that need it are SKIPPED; the rest continues.",
        },
    ),
    "ApprovalChange": (
        "A change of a live list of approval requests.",
        {
            "reset": "True in the first message: its content replaces everything before.",
            "changed": "New and changed requests, in their current state.",
            "gone": "The ids of requests that left the list.",
            "totalCount": "The number of requests.",
        },
    ),
    "VoteDecision": ("A vote.", {"APPROVE": "Approve.", "REJECT": "Reject."}),
}
