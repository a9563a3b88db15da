"""The viewer who sends a request, and their permissions. Objects that a viewer may not see are reported as missing."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

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


class PrincipalKind(StrEnum):
    PERSON = "PERSON"
    SERVICE = "SERVICE"

    def actor(self, name: str) -> str:
        return f"{'user' if self is PrincipalKind.PERSON else 'service'}:{name}"


class SignInMethod(StrEnum):
    LINK = "LINK"
    TOKEN = "TOKEN"
    OIDC = "OIDC"
    PROXY = "PROXY"


SYNONYMS: Final[Mapping[str, Permission]] = {
    "LIST_WORKFLOWS": Permission.LIST_FLOWS,
    "RUN_WORKFLOW": Permission.RUN_FLOW,
    "UPDATE_WORKFLOW": Permission.UPDATE_FLOW,
}
"""Permission names of other workflow systems."""

_VIEWER = frozenset({Permission.LIST_FLOWS, Permission.VIEW_EXECUTION, Permission.VIEW_LOGS})
_OPERATOR = _VIEWER | {Permission.RUN_FLOW, Permission.ACT_ON_EXECUTION, Permission.RECORD}
ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "viewer": _VIEWER,
    "approver": _VIEWER | {Permission.APPROVE},
    "operator": _OPERATOR,
    "editor": _OPERATOR | {Permission.UPDATE_FLOW},
    "namespace_admin": frozenset(Permission),
    "admin": frozenset(Permission),
}
"""The built-in roles. `namespace_admin` equals `admin`; the name is for grants on some namespaces only."""
ADMIN_ROLE: Final = "admin"


def roles_with(permission: Permission) -> list[str]:
    return [role for role, permissions in ROLES.items() if permission in permissions]


def not_permitted(permission: Permission, namespace: str | None) -> str:
    """Returns the error message for a missing permission in a namespace; None if the object has no namespace."""
    return _not_permitted(
        permission, f" in the namespace {namespace}" if namespace else " on every namespace"
    )


def nowhere_permitted(permission: Permission) -> str:
    """Returns the error message for a permission that is missing in every namespace."""
    return _not_permitted(permission, ", which you have in no namespace")


def _not_permitted(permission: Permission, where: str) -> str:
    roles = ", ".join(roles_with(permission))
    return f"this needs the permission {permission.value}{where}; roles that have it: {roles}"


def group_role(group: str) -> str:
    """Returns the role name by which an approval policy names the members of a group."""
    return f"group:{group}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The namespaces that a viewer may see, each with all below it; None is every namespace."""

    namespaces: tuple[str, ...] | None = None

    def covers(self, namespace: str) -> bool:
        if self.namespaces is None:
            return True
        return any(
            namespace == allowed or namespace.startswith(f"{allowed}.")
            for allowed in self.namespaces
        )

    def includes(self, other: "Scope") -> bool:
        """Returns whether this scope covers everything that the other covers."""
        if self.namespaces is None or other.namespaces is None:
            return self.namespaces is None
        return all(self.covers(namespace) for namespace in other.namespaces)

    def within(self, other: "Scope") -> "Scope":
        """Returns the namespaces that both cover."""
        if self.namespaces is None:
            return other
        if other.namespaces is None:
            return self
        both = [name for name in self.namespaces if other.covers(name)]
        both += [name for name in other.namespaces if self.covers(name)]
        return Scope(tuple(dict.fromkeys(both)))

    @classmethod
    def union(cls, scopes: Iterable["Scope"]) -> "Scope":
        found: dict[str, None] = {}
        for scope in scopes:
            if scope.namespaces is None:
                return cls()
            found.update(dict.fromkeys(scope.namespaces))
        return cls(tuple(found))


EVERYWHERE: Final = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role with its permissions, on some namespaces."""

    role: str
    permissions: frozenset[Permission]
    scope: Scope = Scope()

    def dump(self) -> list[Any]:
        """Returns the grant as JSON; `of` reads it."""
        namespaces = self.scope.namespaces
        return [self.role, sorted(self.permissions), None if namespaces is None else [*namespaces]]

    @classmethod
    def of(cls, stored: list[Any]) -> Self:
        role, permissions, namespaces = stored
        scope = Scope(None if namespaces is None else tuple(namespaces))
        return cls(role, frozenset(map(Permission, permissions)), scope)

    def limited(self, permissions: Set[Permission] | None, scope: Scope) -> "Grant":
        """Returns the grant reduced to the limits of a token; None is every permission."""
        left = self.permissions if permissions is None else self.permissions & permissions
        return Grant(self.role, frozenset(left), self.scope.within(scope))


@dataclass(frozen=True, slots=True)
class Credential:
    """The token or session of a request, its owner and its limits; `permissions` None is every permission. The kind
    `principal` is a person authenticated by an identity provider. `key` is the id of the key that signed a session's
    cookie."""

    kind: str
    id: UUID
    principal_id: UUID
    permissions: frozenset[Permission] | None = None
    scope: Scope = Scope()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """`actor` is text such as `user:admin` or `service:ci`; without `expires_at` the credential does not expire.

    `same_person` are the actors of the same person: their own name, and the services that they own.
    """

    actor: str
    grants: tuple[Grant, ...]
    expires_at: datetime | None = None
    channel: Channel = Channel.API
    groups: frozenset[str] = frozenset()
    same_person: frozenset[str] = frozenset()
    credential: Credential | None = None

    @classmethod
    def holding(
        cls, actor: str, permissions: Iterable[Permission], scope: Scope = Scope(), **more: Any
    ) -> Self:
        """Returns a viewer with these permissions in one grant, whose role has no name."""
        return cls(actor, (Grant("", frozenset(permissions), scope),), **more)

    def may(self, permission: Permission, namespace: str) -> bool:
        return any(
            permission in grant.permissions and grant.scope.covers(namespace)
            for grant in self.grants
        )

    def may_somewhere(self, permission: Permission) -> bool:
        """Returns whether the permission is held in at least one namespace; `scope_of` then limits what is read."""
        return self.scope_of(permission).namespaces != ()

    def may_everywhere(self, permission: Permission) -> bool:
        """Required for objects without a namespace."""
        return self.scope_of(permission).namespaces is None

    def scope_of(self, permission: Permission) -> Scope:
        """Returns the namespaces in which the permission is held."""
        return Scope.union(grant.scope for grant in self.grants if permission in grant.permissions)

    @property
    def scope(self) -> Scope:
        """The namespaces whose executions the viewer may see."""
        return self.scope_of(Permission.VIEW_EXECUTION)

    @property
    def reach(self) -> Scope:
        """The namespaces in which flows that this viewer saves may start other flows, no matter who runs them."""
        return Scope.union(map(self.scope_of, (Permission.RUN_FLOW, Permission.UPDATE_FLOW)))

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions held in any namespace."""
        return frozenset[Permission]().union(
            *(grant.permissions for grant in self.grants if grant.scope.namespaces != ())
        )

    def permissions_in(self, namespace: str) -> frozenset[Permission]:
        covering = (grant for grant in self.grants if grant.scope.covers(namespace))
        return frozenset[Permission]().union(*(grant.permissions for grant in covering))

    def roles_in(self, namespace: str) -> frozenset[str]:
        """Returns the names by which an approval policy may match the viewer: roles held there, and `group:NAME`s."""
        roles = (grant.role for grant in self.grants if grant.scope.covers(namespace))
        return frozenset((*roles, *map(group_role, self.groups)))

    def through(self, channel: Channel) -> Self:
        return replace(self, channel=channel)

    @property
    def worth(self) -> tuple[Any, ...]:
        """A key that is equal while the viewer's rights are the same; `same_person` does not affect them."""
        return self.actor, self.grants, self.groups

    @property
    def sharing_key(self) -> tuple[Any, ...]:
        """Viewers with equal keys get equal responses, so they share one run of a subscription."""
        return *self.worth, self.same_person
