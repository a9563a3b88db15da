"""Principals, roles, grants and tokens."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Self, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from models.access.credentials import shown_namespace
from models.access.viewer import ROLES, Grant, Permission, PrincipalKind, Scope
from models.ids import typed, untyped
from runner.store.access import grants, principals, tokens
from runner.store.access.holders import Holders
from runner.store.json import load
from runner.store.rows import GrantRow, PrincipalRow, TokenRow
from schema.context import Info
from schema.lists.bounds import MAX_ROWS, up_to
from schema.types.actors import Actor
from schema.types.node import Node
from schema.types.paging import Count, PageInfo
from schema.types.problems import Problem

Found = TypeVar("Found")
Load: TypeAlias = Callable[[Sequence[UUID]], Awaitable[list[Found]]]


@strawberry.type
class Role:
    name: str
    permissions: list[Permission]
    built_in: bool

    @classmethod
    def of(cls, name: str, permissions: frozenset[Permission]) -> Self:
        return cls(name=name, permissions=sorted(permissions), built_in=name in ROLES)


@strawberry.type
class RoleGrant:
    role: str
    namespace: str
    group: str | None
    created_at: datetime
    created_by: Actor

    @classmethod
    def of(cls, row: GrantRow) -> Self:
        return cls(
            role=row["role"],
            namespace=shown_namespace(row["namespace"]),
            group=row["group_name"],
            created_at=row["created_at"],
            created_by=Actor.of(row["created_by"]),
        )


@strawberry.type
class HeldRole:
    role: str
    permissions: list[Permission]
    namespaces: list[str]

    @classmethod
    def of(cls, grant: Grant) -> Self:
        return cls(
            role=grant.role,
            permissions=sorted(grant.permissions),
            namespaces=namespaces_of(grant.scope),
        )


def namespaces_of(scope: Scope) -> list[str]:
    """Returns the namespaces in the notation of grants: `acme.*`, or `*` for all."""
    return ["*"] if scope.namespaces is None else [f"{name}.*" for name in scope.namespaces]


@strawberry.type
class Principal(Node):
    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID | None]
    kind: PrincipalKind
    name: str
    email: str | None
    created_at: datetime
    created_by: Actor
    disabled_at: datetime | None

    @classmethod
    def of(cls, row: PrincipalRow) -> Self:
        return cls(
            id=strawberry.ID(typed("prin", row["id"])),
            key=row["id"],
            owner_key=row["owner_id"],
            kind=PrincipalKind(row["kind"]),
            name=row["name"],
            email=row["email"],
            created_at=row["created_at"],
            created_by=Actor.of(row["created_by"]),
            disabled_at=row["disabled_at"],
        )

    @strawberry.field
    async def owner(self, info: Info) -> Actor | None:
        if self.owner_key is None:
            return None
        load = info.context.loaders.once("principal", _principals(info))
        row: PrincipalRow | None = await load.load(self.owner_key)
        return Actor.of(PrincipalKind(row["kind"]).actor(row["name"])) if row else None

    @strawberry.field
    async def groups(self, info: Info) -> list[str]:
        load = info.context.loaders.once("groups_of_principal", _groups(info))
        found: list[str] = await load.load(self.key)
        return found

    @up_to(MAX_ROWS)
    async def grants(self, info: Info) -> list[RoleGrant]:
        load = info.context.loaders.once("grants_of_principal", _grants(info))
        rows: list[GrantRow] = await load.load(self.key)
        return [RoleGrant.of(row) for row in rows]


def _principals(info: Info) -> Load[PrincipalRow | None]:
    async def load_all(ids: Sequence[UUID]) -> list[PrincipalRow | None]:
        found = await principals.by_id(info.context.services.pool, ids)
        return [found.get(id) for id in ids]

    return load_all


def _groups(info: Info) -> Load[list[str]]:
    async def load_all(ids: Sequence[UUID]) -> list[list[str]]:
        found = await principals.groups_of(info.context.services.pool, ids)
        return [found[id] for id in ids]

    return load_all


def _grants(info: Info) -> Load[list[GrantRow]]:
    async def load_all(ids: Sequence[UUID]) -> list[list[GrantRow]]:
        managed = info.context.viewer.scope_of(Permission.MANAGE)
        found = await grants.of_principals(info.context.services.pool, ids, managed)
        return [found[id] for id in ids]

    return load_all


@strawberry.type
class Token(Node):
    principal_key: strawberry.Private[UUID]
    name: str
    permissions: list[Permission] | None
    namespaces: list[str] | None
    created_at: datetime
    created_by: Actor
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: TokenRow) -> Self:
        permissions, namespaces = load(row["permissions"]), load(row["namespaces"])
        return cls(
            id=strawberry.ID(typed("tok", row["id"])),
            principal_key=row["principal_id"],
            name=row["name"],
            permissions=None if permissions is None else [*map(Permission, permissions)],
            namespaces=None if namespaces is None else [f"{name}.*" for name in namespaces],
            created_at=row["created_at"],
            created_by=Actor.of(row["created_by"]),
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
        )

    @strawberry.field
    async def holder(self, info: Info) -> Actor | None:
        row = await self._holder(info)
        return Actor.of(PrincipalKind(row["kind"]).actor(row["name"])) if row else None

    @strawberry.field
    async def holder_disabled_at(self, info: Info) -> datetime | None:
        row = await self._holder(info)
        return row["disabled_at"] if row else None

    async def _holder(self, info: Info) -> PrincipalRow | None:
        load = info.context.loaders.once("principal", _principals(info))
        row: PrincipalRow | None = await load.load(self.principal_key)
        return row


@strawberry.type
class PrincipalEdge:
    node: Principal
    cursor: str


@strawberry.type
class PrincipalConnection:
    edges: list[PrincipalEdge]
    nodes: list[Principal]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        managed = info.context.viewer.scope_of(Permission.MANAGE)
        value, exact = await principals.count_of(info.context.services.pool, managed)
        return Count(value=value, exact=exact)


@strawberry.type
class TokenEdge:
    node: Token
    cursor: str


@strawberry.type
class TokenConnection:
    of: strawberry.Private[list[UUID] | None]
    edges: list[TokenEdge]
    nodes: list[Token]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        value, exact = await tokens.count_of(info.context.services.pool, self.of)
        return Count(value=value, exact=exact)


@strawberry.type
class CreateTokenPayload:
    token: Token | None = None
    secret: str | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)

    @up_to(MAX_ROWS)
    async def roles(self, info: Info) -> list[HeldRole]:
        if self.token is None:
            return []
        made = await Holders(info.context.services.pool).by_token(untyped("tok", self.token.id))
        return [HeldRole.of(grant) for grant in made.viewer.grants] if made else []


@strawberry.type
class RevokeTokenPayload:
    token: Token | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class GrantRolePayload:
    grant: RoleGrant | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class RevokeRolePayload(GrantRolePayload):
    pass


@strawberry.type
class SaveRolePayload:
    role: Role | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class DeleteRolePayload(SaveRolePayload):
    pass


@strawberry.type
class SavePrincipalPayload:
    principal: Principal | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class CreateLoginLinkPayload:
    path: str | None = None
    expires_at: datetime | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)
