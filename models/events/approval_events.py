"""The facts about an execution's approvals; part of `Fact`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.approval import ApprovalPolicy
from models.states import ApprovalState, TaskRunState, VoteDecision


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """`decided_on` is the digest of the data that the decision is about."""

    path: str
    attempt: int
    id: UUID
    message: str
    policy: ApprovalPolicy
    from_state: TaskRunState
    expires_at: datetime | None = None
    to_state: TaskRunState = TaskRunState.WAITING_FOR_APPROVAL
    decided_on: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalVoted:
    """`groups` are the policy's groups that the voter belonged to. `key` makes a repeated vote idempotent."""

    path: str
    approval_id: UUID
    id: UUID
    decision: VoteDecision
    comment: str | None
    override: bool = False
    groups: tuple[str, ...] = ()
    form: Mapping[str, Any] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalReminded:
    path: str
    approval_id: UUID


@dataclass(frozen=True, slots=True)
class ApprovalEscalated:
    """From now on, holders of `roles` may decide too, until `expires_at` if it is set."""

    path: str
    approval_id: UUID
    roles: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApprovalClosed:
    path: str
    approval_id: UUID
    state: ApprovalState


@dataclass(frozen=True, slots=True)
class ApprovalOverridden:
    """A person with the permission passed approvals without a decision; the event has the reason. `tasks` are the keys
    of the approval tasks."""

    tasks: tuple[str, ...]
