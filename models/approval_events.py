"""The facts of an open request for a decision; a part of `Fact`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
