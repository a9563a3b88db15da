"""The queries and mutations of access control."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import strawberry

from models.access.viewer import ROLES, Permission
from runner.store.access import grants, principals, tokens
from runner.store.rows import PrincipalRow, TokenRow
from schema.access import changes
from schema.access.inputs import (
    CreateLoginLinkInput,
    CreateTokenInput,
    DeleteRoleInput,
    GrantRoleInput,
    RevokeRoleInput,
    RevokeTokenInput,
    SavePrincipalInput,
    SaveRoleInput,
)
from schema.access.types import (
    CreateLoginLinkPayload,
    CreateTokenPayload,
    DeleteRolePayload,
    GrantRolePayload,
    Principal,
    PrincipalConnection,
    PrincipalEdge,
    RevokeRolePayload,
    RevokeTokenPayload,
    Role,
    RoleGrant,
    SavePrincipalPayload,
    SaveRolePayload,
    Token,
    TokenConnection,
    TokenEdge,
)
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.lists.bounds import MAX_ROWS, up_to
from schema.mutation_payload import payload_of
from schema.types.paging import Paging, id_cursor, page_info


@strawberry.type
class AccessQuery:
    @strawberry.field
    async def principals(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> PrincipalConnection:
        needs_somewhere(info, Permission.MANAGE)
        managed = info.context.viewer.scope_of(Permission.MANAGE)
        window = Paging.of(first, after, last, before).window("prin")
        page = await principals.page(info.context.services.pool, managed, window)
        nodes = [Principal.of(row) for row in page.rows]
        cursors = [id_cursor("prin", row["id"]) for row in page.rows]
        edges = [PrincipalEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)]
        return PrincipalConnection(edges=edges, nodes=nodes, page_info=page_info(page, cursors))

    @strawberry.field
    async def tokens(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> TokenConnection:
        of = await _token_holders(info)
        window = Paging.of(first, after, last, before).window("tok")
        page = await tokens.page(info.context.services.pool, of, window)
        nodes = [Token.of(row) for row in page.rows]
        cursors = [id_cursor("tok", row["id"]) for row in page.rows]
        edges = [TokenEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)]
        return TokenConnection(of=of, edges=edges, nodes=nodes, page_info=page_info(page, cursors))

    @up_to(MAX_ROWS)
    async def roles(self, info: Info) -> list[Role]:
        needs_somewhere(info, Permission.MANAGE)
        own = await grants.own_roles(info.context.services.pool)
        return [Role.of(name, permissions) for name, permissions in (*ROLES.items(), *own.items())]

    @up_to(MAX_ROWS)
    async def group_grants(self, info: Info) -> list[RoleGrant]:
        needs_somewhere(info, Permission.MANAGE)
        managed = info.context.viewer.scope_of(Permission.MANAGE)
        rows = await grants.to_groups(info.context.services.pool, managed)
        return [RoleGrant.of(row) for row in rows]


async def find_principal(info: Info, key: UUID) -> Principal | None:
    load = info.context.loaders.once("visible_principal", partial(_visible, info))
    row: PrincipalRow | None = await load.load(key)
    return Principal.of(row) if row else None


async def _visible(info: Info, keys: Sequence[UUID]) -> list[PrincipalRow | None]:
    managed = info.context.viewer.scope_of(Permission.MANAGE)
    found = await principals.visible(info.context.services.pool, managed, keys)
    return [found.get(key) for key in keys]


async def find_token(info: Info, key: UUID) -> Token | None:
    load = info.context.loaders.once("visible_token", partial(_tokens, info))
    row: TokenRow | None = await load.load(key)
    return Token.of(row) if row else None


async def _tokens(info: Info, keys: Sequence[UUID]) -> list[TokenRow | None]:
    of = await _token_holders(info)
    found = await tokens.by_ids(info.context.services.pool, keys)
    seen = {key: row for key, row in found.items() if of is None or row["principal_id"] in of}
    return [seen.get(key) for key in keys]


async def _token_holders(info: Info) -> list[UUID] | None:
    """Returns the principals whose tokens the viewer sees: themselves and their services; None for everybody."""
    viewer = info.context.viewer
    if viewer.may_everywhere(Permission.MANAGE):
        return None
    if viewer.credential is None:
        return []
    me = viewer.credential.principal_id
    return [me, *await principals.owned_by(info.context.services.pool, me)]


@strawberry.type
class AccessMutation:
    @strawberry.mutation
    async def create_token(self, info: Info, input: CreateTokenInput) -> CreateTokenPayload:
        return await payload_of(CreateTokenPayload, info, changes.create_token(info, input))

    @strawberry.mutation
    async def revoke_token(self, info: Info, input: RevokeTokenInput) -> RevokeTokenPayload:
        return await payload_of(RevokeTokenPayload, info, changes.revoke_token(info, input))

    @strawberry.mutation
    async def grant_role(self, info: Info, input: GrantRoleInput) -> GrantRolePayload:
        return await payload_of(GrantRolePayload, info, changes.grant_role(info, input))

    @strawberry.mutation
    async def revoke_role(self, info: Info, input: RevokeRoleInput) -> RevokeRolePayload:
        return await payload_of(RevokeRolePayload, info, changes.revoke_role(info, input))

    @strawberry.mutation
    async def save_role(self, info: Info, input: SaveRoleInput) -> SaveRolePayload:
        return await payload_of(SaveRolePayload, info, changes.save_role(info, input))

    @strawberry.mutation
    async def delete_role(self, info: Info, input: DeleteRoleInput) -> DeleteRolePayload:
        return await payload_of(DeleteRolePayload, info, changes.delete_role(info, input))

    @strawberry.mutation
    async def save_principal(self, info: Info, input: SavePrincipalInput) -> SavePrincipalPayload:
        return await payload_of(SavePrincipalPayload, info, changes.save_principal(info, input))

    @strawberry.mutation
    async def create_login_link(
        self, info: Info, input: CreateLoginLinkInput
    ) -> CreateLoginLinkPayload:
        return await payload_of(CreateLoginLinkPayload, info, changes.create_login_link(info))
