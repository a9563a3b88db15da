"""Filters approval requests in Python, with the same result as the SQL of runner/store/approvals.py."""

from collections.abc import Hashable, Set
from dataclasses import dataclass
from typing import Generic, NamedTuple, Self, TypeVar
from uuid import UUID

from models.access.viewer import Scope, Viewer, group_role

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Request(Generic[Row_co]):
    """An approval request as it was read. `version` changes when the data shown of it changes."""

    row: Row_co
    id: UUID
    execution_id: UUID
    namespace: str
    state: str
    users: frozenset[str]
    roles: frozenset[str]
    escalated: frozenset[str]
    version: Hashable


class Person(NamedTuple):
    """A person who may decide, with the roles by which a policy may match them, each with its scope."""

    name: str
    roles: tuple[tuple[str, Scope], ...]

    @classmethod
    def of(cls, viewer: Viewer) -> Self:
        held = [(grant.role, grant.scope) for grant in viewer.grants]
        groups = [(group_role(group), Scope()) for group in sorted(viewer.groups)]
        return cls(viewer.actor.partition(":")[2], tuple(dict.fromkeys((*held, *groups))))

    def roles_in(self, namespace: str) -> frozenset[str]:
        return frozenset(role for role, scope in self.roles if scope.covers(namespace))


class Change(NamedTuple, Generic[Row_co]):
    """A request, and its state `before` the change if known."""

    before: Request[object] | None
    now: Request[Row_co]


@dataclass(frozen=True, slots=True)
class Wish:
    """The requests that a client wants: with one of these states, of this execution, and decidable by `decider`. None
    means any."""

    scope: Scope
    states: frozenset[str] | None = None
    execution_id: UUID | None = None
    decider: Person | None = None

    def may_take(self, request: Request[object]) -> bool:
        """Returns whether the request matches, or could match after a change."""
        if not self.scope.covers(request.namespace):
            return False
        return self.execution_id in (None, request.execution_id)

    def takes(self, request: Request[object]) -> bool:
        if not self.may_take(request):
            return False
        if self.states is not None and request.state not in self.states:
            return False
        return self.decider is None or _may_decide(self.decider, request)


def _may_decide(person: Person, request: Request[object]) -> bool:
    if not request.users and not request.roles:
        return True
    held = person.roles_in(request.namespace)
    return person.name in request.users or _meet(held, request.roles | request.escalated)


def _meet(some: Set[str], others: Set[str]) -> bool:
    return not some.isdisjoint(others)
