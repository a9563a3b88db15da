"""An inbox of approval requests, judged in Python; it agrees with the SQL of runner/store/approvals.py."""

from collections.abc import Hashable, Set
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from models.viewer import Scope


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was read: `version` differs when what is shown of it does."""

    row: Any
    id: UUID
    execution_id: UUID
    namespace: str
    state: str
    users: frozenset[str]
    roles: frozenset[str]
    escalated: frozenset[str]
    version: Hashable


class Person(NamedTuple):
    name: str
    roles: frozenset[str]


class Change(NamedTuple):
    """A request, and as it was `before`, where that is known."""

    before: Request | None
    now: Request


@dataclass(frozen=True, slots=True)
class Wish:
    """Which requests somebody wants to see: of these states, of this execution, those that `decider` may decide; None
    is any. One who may decide nothing and asks for what they may decide wants `nothing`."""

    scope: Scope
    states: frozenset[str] | None = None
    execution_id: UUID | None = None
    decider: Person | None = None
    nothing: bool = False

    def may_take(self, request: Request) -> bool:
        """Whether it is among these, or could be another time."""
        if self.nothing or not self.scope.covers(request.namespace):
            return False
        return self.execution_id in (None, request.execution_id)

    def takes(self, request: Request) -> bool:
        if not self.may_take(request):
            return False
        if self.states is not None and request.state not in self.states:
            return False
        return self.decider is None or _may_decide(self.decider, request)


def _may_decide(person: Person, request: Request) -> bool:
    if not request.users and not request.roles:
        return True
    return person.name in request.users or _meet(person.roles, request.roles | request.escalated)


def _meet(some: Set[str], others: Set[str]) -> bool:
    return not some.isdisjoint(others)
