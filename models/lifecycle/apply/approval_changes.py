"""Applies events to approval requests."""

from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.events import Event
from models.lifecycle.apply.changes import with_task
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import Approval, Execution, Vote
from models.states import ApprovalState


def approval_requested(execution: Execution, fact: ApprovalRequested, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    approval = Approval(
        id=fact.id,
        attempt=fact.attempt,
        state=ApprovalState.PENDING,
        message=fact.message,
        policy=fact.policy,
        requested_at=event.at,
        expires_at=fact.expires_at,
    )
    waiting = copy_with(task, state=fact.to_state, approval=approval, decided_on=fact.decided_on)
    return with_task(execution, task, waiting)


def approval_voted(execution: Execution, fact: ApprovalVoted, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    vote = Vote(
        fact.id,
        event.origin.actor,
        fact.decision,
        fact.comment,
        event.at,
        fact.override,
        fact.groups,
        fact.form,
        fact.key,
    )
    approval = copy_with(task.approval, votes=(*task.approval.votes, vote))
    return with_task(execution, task, copy_with(task, approval=approval))


def approval_closed(execution: Execution, fact: ApprovalClosed, event: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    approval = copy_with(task.approval, state=fact.state, decided_at=event.at)
    return with_task(execution, task, copy_with(task, approval=approval))


def approval_escalated(execution: Execution, fact: ApprovalEscalated, _: Event) -> Execution:
    task = execution.tasks[fact.path]
    assert task.approval
    approval = copy_with(task.approval, escalated=fact.roles, expires_at=fact.expires_at)
    return with_task(execution, task, copy_with(task, approval=approval))
