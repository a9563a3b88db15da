"""Approvals: who may vote, and what the votes amount to."""

from collections.abc import Callable

from models.errors import Problem, ProblemCode, Refused
from models.events import ApprovalClosed, ApprovalVoted, AttemptEnded, TaskError
from models.lifecycle.commands import CastVote
from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.lifecycle.steps import Steps
from models.states import (
    ApprovalState,
    AttemptState,
    CommentRule,
    TaskRunState,
    VoteDecision,
)


def cast(steps: Steps, command: CastVote, settle: Callable[[Steps], None]) -> None:
    """Store a vote; what it decides happens in `settle`, which a pause holds back."""
    task = _task_of(steps.execution, command)
    approval = task.approval
    assert approval
    actor = steps.context.ask.actor
    if _repeated(approval, actor, command):
        return
    _refuse_decided(approval)
    _refuse_ineligible(approval, actor, command)
    _refuse_comment(approval, command)
    steps.record(
        ApprovalVoted(
            task.path, approval.id, steps.context.new_id(), command.decision, command.comment
        )
    )
    settle(steps)


def outcome(approval: Approval) -> ApprovalState:
    """What the votes amount to: one rejection rejects, `required` approvals approve."""
    if any(vote.decision is VoteDecision.REJECT for vote in approval.votes):
        return ApprovalState.REJECTED
    return (
        ApprovalState.APPROVED
        if len(approval.votes) >= approval.required
        else ApprovalState.PENDING
    )


def may_vote(approval: Approval, actor: str, roles: frozenset[str]) -> bool:
    """Whether the policy names this person or one of their roles; an open policy names everyone."""
    if not approval.users and not approval.roles:
        return True
    return actor.partition(":")[2] in approval.users or bool(roles & set(approval.roles))


def close_decided(steps: Steps) -> None:
    """End the task runs whose votes suffice."""
    for task in list(steps.execution.tasks.values()):
        approval = task.approval
        if task.state is not TaskRunState.WAITING_FOR_APPROVAL or approval is None:
            continue
        decided = outcome(approval)
        if decided is not ApprovalState.PENDING:
            steps.record(ApprovalClosed(task.path, approval.id, decided))
            _end(steps, steps.execution.tasks[task.path], decided)


def _end(steps: Steps, task: TaskRun, decided: ApprovalState) -> None:
    approval = task.approval
    assert approval
    last = approval.votes[-1]
    approved = decided is ApprovalState.APPROVED
    who = last.actor.partition(":")[2]
    steps.record(
        AttemptEnded(
            path=task.path,
            attempt=task.attempt,
            state=AttemptState.SUCCESS if approved else AttemptState.FAILED,
            from_state=task.state,
            to_state=TaskRunState.SUCCESS if approved else TaskRunState.REJECTED,
            outputs={
                "decision": decided.value,
                "approvers": [vote.actor for vote in approval.votes],
                "comment": last.comment,
                "decidedAt": steps.now.isoformat(),
            },
            error=None
            if approved
            else TaskError("REJECTED", f"rejected by {who}" + _said(last.comment)),
        )
    )


def _said(comment: str | None) -> str:
    return f": {comment}" if comment else ""


def _task_of(execution: Execution, command: CastVote) -> TaskRun:
    for task in execution.tasks.values():
        if task.approval and task.approval.id == command.approval_id:
            return task
    raise Refused.because(
        ProblemCode.ALREADY_DECIDED,
        "this request was replaced by a newer one; decide that one",
        state=ApprovalState.CANCELLED,
    )


def _repeated(approval: Approval, actor: str, command: CastVote) -> bool:
    """The same vote again is a success that changes nothing; the other one is refused."""
    mine = next((vote for vote in approval.votes if vote.actor == actor), None)
    if mine is None:
        return False
    if mine.decision is command.decision and mine.comment == command.comment:
        return True
    if approval.state is not ApprovalState.PENDING:
        return False
    raise Refused([Problem(ProblemCode.ALREADY_VOTED, "you voted already; a vote stands")])


def _refuse_decided(approval: Approval) -> None:
    decided = approval.state
    if decided is ApprovalState.PENDING:
        decided = outcome(approval)
    if decided is not ApprovalState.PENDING:
        raise Refused.because(
            ProblemCode.ALREADY_DECIDED,
            f"this request is {decided.value} already",
            state=decided,
        )


def _refuse_ineligible(approval: Approval, actor: str, command: CastVote) -> None:
    if not may_vote(approval, actor, command.voter_roles):
        wanted = ", ".join((*approval.users, *(f"role {role}" for role in approval.roles)))
        raise Refused.because(ProblemCode.FORBIDDEN, f"only {wanted} may decide this")


def _refuse_comment(approval: Approval, command: CastVote) -> None:
    wanted = approval.comment_rule is CommentRule.ALWAYS or (
        approval.comment_rule is CommentRule.ON_REJECT and command.decision is VoteDecision.REJECT
    )
    if wanted and not (command.comment or "").strip():
        raise Refused.because(ProblemCode.VALIDATION, "this decision needs a comment", "comment")
