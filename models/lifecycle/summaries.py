"""The outputs and messages that stay to be read of a task run that the engine carried."""

from collections.abc import Sequence

from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.spec import WaitTask
from models.states import ApprovalState, VoteDecision


def waited(execution: Execution, task: TaskRun) -> str | None:
    """Of a wait that is over; None leaves what was said."""
    if task.message is None or not isinstance(execution.spec_of(task), WaitTask):
        return None
    return task.message.replace("waits ", "waited ", 1)


def decision(approval: Approval, decided: ApprovalState) -> str:
    """Who decided and with which words, or that nobody did in time."""
    if decided is ApprovalState.EXPIRED:
        return expiry(approval)
    wanted = VoteDecision.APPROVE if decided is ApprovalState.APPROVED else VoteDecision.REJECT
    votes = [vote for vote in approval.votes if vote.decision is wanted]
    by = _names([vote.actor for vote in votes])
    past_policy = ", past the policy" if any(vote.override for vote in votes) else ""
    comment = next((vote.comment for vote in reversed(votes) if vote.comment), None)
    return f"{decided.value.lower()} by {by}{past_policy}{f': {comment}' if comment else ''}"


def expiry(approval: Approval) -> str:
    """With the whole time that there was: an escalation at its timeout gives it once more."""
    seconds = approval.policy.timeout or 0.0
    if approval.expires_at:
        there = (approval.expires_at - approval.requested_at).total_seconds()
        seconds = round(there, 1) if there > seconds * 1.5 else seconds
    return f"nobody decided within {seconds:g} s"


def _names(actors: Sequence[str]) -> str:
    return ", ".join(actor.partition(":")[2] or actor for actor in actors)
