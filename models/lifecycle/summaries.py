"""The final messages of engine tasks, such as who decided an approval."""

from collections.abc import Sequence

from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.spec import WaitTask
from models.states import ApprovalState, VoteDecision


def message_after_wait(execution: Execution, task: TaskRun) -> str | None:
    """Returns the message of a `wait` that has ended; None keeps the message that there is."""
    if task.message is None or not isinstance(execution.spec_of(task), WaitTask):
        return None
    return task.message.replace("waits ", "waited ", 1)


def decision(approval: Approval, decided: ApprovalState) -> str:
    """Returns who decided and with which comment, or that nobody did in time."""
    if decided is ApprovalState.EXPIRED:
        return expiry(approval)
    counted = VoteDecision.APPROVE if decided is ApprovalState.APPROVED else VoteDecision.REJECT
    votes = [vote for vote in approval.votes if vote.decision is counted]
    by = _names([vote.actor for vote in votes])
    override = ", overriding the policy" if any(vote.override for vote in votes) else ""
    comment = next((vote.comment for vote in reversed(votes) if vote.comment), None)
    return f"{decided.value.lower()} by {by}{override}{f': {comment}' if comment else ''}"


def expiry(approval: Approval) -> str:
    """Returns the message with the total time: an escalation at the timeout starts the timeout once more."""
    seconds = approval.policy.timeout or 0.0
    if approval.expires_at:
        total = (approval.expires_at - approval.requested_at).total_seconds()
        seconds = round(total, 1) if total > seconds * 1.5 else seconds
    return f"nobody decided within {seconds:g} s"


def _names(actors: Sequence[str]) -> str:
    return ", ".join(actor.partition(":")[2] or actor for actor in actors)
