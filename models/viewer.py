"""Who asks, and what that one may see and do. What may not be seen does not exist for its asker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from models.states import Channel


class Permission(StrEnum):
    LIST_FLOWS = "LIST_FLOWS"
    VIEW_EXECUTION = "VIEW_EXECUTION"
    VIEW_LOGS = "VIEW_LOGS"
    RUN_FLOW = "RUN_FLOW"
    ACT_ON_EXECUTION = "ACT_ON_EXECUTION"
    CHANGE_STATE = "CHANGE_STATE"
    APPROVE = "APPROVE"
    OVERRIDE_APPROVAL = "OVERRIDE_APPROVAL"
    UPDATE_FLOW = "UPDATE_FLOW"
    RECORD = "RECORD"
    READ_AUDIT = "READ_AUDIT"
    MANAGE = "MANAGE"


_VIEWER = frozenset({Permission.LIST_FLOWS, Permission.VIEW_EXECUTION, Permission.VIEW_LOGS})
_OPERATOR = _VIEWER | {Permission.RUN_FLOW, Permission.ACT_ON_EXECUTION, Permission.RECORD}
ROLES: Mapping[str, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "approver": _VIEWER | {Permission.APPROVE},
    "operator": _OPERATOR,
    "editor": _OPERATOR | {Permission.UPDATE_FLOW},
    "admin": frozenset(Permission),
}


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(ROLES.get(role, ()) for role in roles))


def roles_with(permission: Permission) -> list[str]:
    return [role for role, permissions in ROLES.items() if permission in permissions]


def not_permitted(permission: Permission) -> str:
    """The sentence for one who may not."""
    roles = ", ".join(roles_with(permission))
    return f"this needs the permission {permission.value}; roles that have it: {roles}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The namespaces one may see, each with all below it; None is every namespace."""

    namespaces: tuple[str, ...] | None = None

    def covers(self, namespace: str) -> bool:
        if self.namespaces is None:
            return True
        return any(
            namespace == allowed or namespace.startswith(f"{allowed}.")
            for allowed in self.namespaces
        )


@dataclass(frozen=True, slots=True)
class Viewer:
    """`actor` is text such as `user:admin` or `token:ci`; without `expires_at` the credential lasts."""

    actor: str
    roles: frozenset[str]
    permissions: frozenset[Permission]
    scope: Scope = Scope()
    expires_at: datetime | None = None
    channel: Channel = Channel.API
    same_person: frozenset[str] = frozenset()
    """Every actor that is the same person: theirs, their tokens, services that they own. Empty: this one alone."""

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def through(self, channel: Channel) -> Self:
        return replace(self, channel=channel)

    @property
    def sharing_key(self) -> tuple[str, frozenset[Permission], Scope]:
        """Viewers with equal keys get equal answers, so one execution of a subscription serves them all."""
        return self.actor, self.permissions, self.scope
