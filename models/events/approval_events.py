"""The facts of an execution's approvals; a part of `Fact`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.approval import ApprovalPolicy
from models.states import ApprovalState, TaskRunState, VoteDecision


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """`decided_on` is the digest of what is asked about."""

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
    """`groups` are those of the policy's that the voter belonged to; `key` makes the same vote again a success."""

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
    """`roles` may decide as well from now on, until `expires_at` if there is a time."""

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
    """A person who may has what needs a decision go on without one, for the reason that the event has. `tasks` are the
    keys of the tasks that ask."""

    tasks: tuple[str, ...]
