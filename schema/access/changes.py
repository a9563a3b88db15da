"""The mutations of principals, roles and tokens."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from models.access.credentials import (
    check_name,
    check_own_role,
    digest_of,
    namespace_of,
    new_secret,
    permission_named,
)
from models.access.viewer import ADMIN_ROLE, Permission, PrincipalKind, Scope
from models.errors import ProblemCode, Refused
from models.ids import new_id, untyped
from runner.store.access import grants, principals, sign_ins, tokens
from runner.store.access.grants import Holding
from runner.store.access.principals import Saved
from runner.store.access.tokens import NewToken
from runner.store.postgres.connection import Connection
from runner.store.rows import GrantRow, PrincipalRow, TokenRow
from schema.access.inputs import (
    CreateTokenInput,
    DeleteRoleInput,
    GrantRoleInput,
    RevokeTokenInput,
    SavePrincipalInput,
    SaveRoleInput,
)
from schema.access.rules import (
    Holder,
    may_make_tokens_of,
    may_revoke_tokens_of,
    needs_managing,
    needs_to_hold,
    needs_to_hold_what_groups_do,
    needs_to_see,
    owner_of_new,
    role_named,
)
from schema.access.types import Principal, Role, RoleGrant, Token
from schema.access_checks import forbidden, needs_everywhere, needs_somewhere
from schema.context import Info

_NOBODY: Final = UUID(int=0)


async def create_token(info: Info, input: CreateTokenInput) -> dict[str, Any]:
    name = check_name(input.name)
    holder = Holder.of(input.principal or info.context.viewer.actor, "principal")
    if holder.kind is None:
        raise Refused.because(
            ProblemCode.VALIDATION,
            "a token belongs to a person or a service, not to a group",
            "principal",
        )
    requested = _requested_token(input)
    grants_wanted = await _requested_grants(info, holder, input)
    found = await principals.find(info.context.services.pool, holder.kind, holder.name)
    await _check_may_make(info, holder, found)
    await _check_name(info, name, bool(input.replace))
    secret, owner = new_secret(), await owner_of_new(info, holder)
    ends = await _end_of(info)
    async with info.context.services.pool.acquire() as connection, connection.transaction():
        for one in grants_wanted:
            await _granted(info, connection, holder, owner, one)
        principal = await principals.ensure(
            connection, holder.kind, holder.name, info.context.viewer.actor, owner
        )
        new = replace(requested, name=name, principal_id=principal["id"], digest=digest_of(secret))
        row = await tokens.insert(
            connection,
            _limited(info, new, ends),
            info.context.origin(input.reason),
            bool(input.replace),
        )
    return {"token": Token.of(row), "secret": secret}


def _requested_token(input: CreateTokenInput) -> NewToken:
    """Returns a token with the permissions, namespaces and expiry of the input, without a holder yet."""
    permissions = (
        None if input.permissions is None else frozenset(map(permission_named, input.permissions))
    )
    expires = input.expires_at
    if expires is not None and expires <= datetime.now(UTC):
        raise Refused.because(ProblemCode.VALIDATION, "expiresAt is in the past", "expiresAt")
    namespaces = _scope(input.namespaces).namespaces
    return NewToken(new_id(), _NOBODY, "", "", permissions, namespaces, expires)


async def _requested_grants(
    info: Info, holder: Holder, input: CreateTokenInput
) -> list[GrantRoleInput]:
    """Returns the grants that the input requests besides the token. Raises Refused if the viewer may not grant one."""
    if input.role is None:
        return []
    namespaces = ["*"] if input.namespaces is None else input.namespaces
    wanted = [
        GrantRoleInput(to=holder.text, role=input.role, namespace=one, reason=input.reason)
        for one in namespaces
    ]
    for one in wanted:
        await _may_grant(info, one)
    return wanted


async def _check_may_make(info: Info, holder: Holder, principal: PrincipalRow | None) -> None:
    """Raises Refused if the viewer may not create tokens of `principal`, or, if it is None, create the principal.

    A viewer who manages some namespaces may create services, which they then own, but no people: they could vote as
    two persons. A viewer who manages none gets the same refusal whether the principal exists or not."""
    viewer = info.context.viewer
    if principal is None:
        is_person = holder.kind is PrincipalKind.PERSON
        if not (viewer.may_everywhere if is_person else viewer.may_somewhere)(Permission.MANAGE):
            raise forbidden(info, Permission.MANAGE, None, "principal")
    elif not await may_make_tokens_of(info, principal):
        raise forbidden(info, Permission.MANAGE, None, "principal")


async def _end_of(info: Info) -> datetime | None:
    """Returns when the viewer's token expires, or the token that their session was started with."""
    credential = info.context.viewer.credential
    behind = credential and await tokens.of_credential(info.context.services.pool, credential)
    return behind["expires_at"] if behind else None


def _limited(info: Info, requested: NewToken, ends: datetime | None) -> NewToken:
    """Limits the token to the permissions, namespaces and expiry of the viewer's own credential."""
    viewer, credential = info.context.viewer, info.context.viewer.credential
    scope = Scope(requested.namespaces)
    until = min((end for end in (requested.expires_at, ends) if end is not None), default=None)
    if credential is None or requested.principal_id != credential.principal_id:
        # Later grants to the principal elsewhere must not extend what the creator of the token can do.
        manages = viewer.may_somewhere(Permission.MANAGE)
        own = Scope.union(map(viewer.scope_of, [Permission.MANAGE] if manages else Permission))
        return replace(requested, namespaces=scope.within(own).namespaces, expires_at=until)
    permissions = requested.permissions
    if credential.permissions is not None:
        permissions = credential.permissions & (
            credential.permissions if permissions is None else permissions
        )
    return replace(
        requested,
        permissions=permissions,
        namespaces=scope.within(credential.scope).namespaces,
        expires_at=until,
    )


async def _check_name(info: Info, name: str, replaces: bool) -> None:
    """Raises Refused if a valid token has this name; with `replaces`, only if the viewer may not revoke that token."""
    old = await tokens.by_name(info.context.services.pool, name)
    if old is not None and not replaces:
        raise tokens.name_taken(name)
    if old is not None:
        await _check_replaced(info, old)


async def _check_replaced(info: Info, old: TokenRow) -> None:
    """Raises Refused if the viewer may not revoke the token."""
    row = (await principals.by_id(info.context.services.pool, [old["principal_id"]]))[
        old["principal_id"]
    ]
    if not await may_revoke_tokens_of(info, row):
        raise forbidden(info, Permission.MANAGE, None, "name")


async def revoke_token(info: Info, input: RevokeTokenInput) -> dict[str, Any]:
    if (input.id is None) == (input.name is None):
        raise Refused.because(
            ProblemCode.VALIDATION, "name the token either by its id or by its name", "id"
        )
    pool = info.context.services.pool
    if input.id is not None:
        found = await tokens.by_id(pool, untyped("tok", input.id))
    else:
        found = await tokens.by_name(pool, str(input.name))
    missing = Refused.not_found(
        f"no valid token {input.id or str(input.name)[:100]}; `headway token list` shows what there is"
    )
    if found is None:
        raise missing
    row = (await principals.by_id(pool, [found["principal_id"]]))[found["principal_id"]]
    if not await may_revoke_tokens_of(info, row):
        raise missing
    revoked = await tokens.revoke(pool, found["id"], info.context.origin(input.reason))
    if revoked is None:
        raise missing
    return {"token": Token.of(revoked)}


async def grant_role(info: Info, input: GrantRoleInput) -> dict[str, Any]:
    holder, _ = await _may_grant(info, input)
    owner = await owner_of_new(info, holder)
    async with info.context.services.pool.acquire() as connection, connection.transaction():
        return {"grant": RoleGrant.of(await _granted(info, connection, holder, owner, input))}


async def _granted(
    info: Info, connection: Connection, holder: Holder, owner: UUID | None, input: GrantRoleInput
) -> GrantRow:
    """Grants a role and returns the row of the grant. Creates the holder if they do not exist."""
    actor, principal = info.context.viewer.actor, None
    if holder.kind is not None:
        row = await principals.ensure(connection, holder.kind, holder.name, actor, owner)
        principal = row["id"]
    group = None if holder.kind else holder.name
    namespace = namespace_of(input.namespace or "*")
    holding = Holding(principal, group, input.role, namespace, holder.text)
    return await grants.grant(connection, holding, info.context.origin(input.reason))


async def _may_grant(info: Info, input: GrantRoleInput) -> tuple[Holder, str]:
    """Returns the holder and the namespace of a grant. Raises Refused if the viewer may not grant it."""
    holder, namespace, permissions = await _parsed(info, input)
    needs_to_hold(info, permissions, namespace)
    if input.role == ADMIN_ROLE and namespace:
        raise Refused.because(
            ProblemCode.VALIDATION,
            "admin can only be granted on every namespace; grant namespace_admin on a single one",
            "role",
        )
    return holder, namespace


async def revoke_role(info: Info, input: GrantRoleInput) -> dict[str, Any]:
    holder, namespace, _ = await _parsed(info, input)
    origin, pool = info.context.origin(input.reason), info.context.services.pool
    principal = await principals.find(pool, holder.kind, holder.name) if holder.kind else None
    row = None
    if principal is not None or holder.kind is None:
        group = None if holder.kind else holder.name
        id = principal["id"] if principal else None
        row = await grants.revoke(
            pool, Holding(id, group, input.role, namespace, holder.text), origin
        )
    if row is None:
        raise Refused.not_found(
            f"{holder.text} does not hold the role {input.role} on {input.namespace or '*'}"
        )
    return {"grant": RoleGrant.of(row)}


async def _parsed(info: Info, input: GrantRoleInput) -> tuple[Holder, str, frozenset[Permission]]:
    needs_somewhere(info, Permission.MANAGE)
    holder = Holder.of(input.to, "to")
    namespace = namespace_of(input.namespace or "*")
    needs_managing(info, namespace)
    return holder, namespace, await role_named(info, input.role)


async def save_role(info: Info, input: SaveRoleInput) -> dict[str, Any]:
    needs_everywhere(info, Permission.MANAGE)
    name = check_own_role(input.name)
    permissions = frozenset(map(permission_named, input.permissions))
    if not permissions:
        raise Refused.because(
            ProblemCode.VALIDATION, "a role needs at least one permission", "permissions"
        )
    needs_to_hold(info, permissions, "")
    pool, origin = info.context.services.pool, info.context.origin(input.reason)
    await grants.save_role(pool, name, permissions, origin)
    return {"role": Role.of(name, permissions)}


async def delete_role(info: Info, input: DeleteRoleInput) -> dict[str, Any]:
    needs_everywhere(info, Permission.MANAGE)
    name = check_own_role(input.name)
    pool = info.context.services.pool
    own = await grants.own_roles(pool)
    if name not in own or not await grants.delete_role(
        pool, name, info.context.origin(input.reason)
    ):
        raise Refused.not_found(f"there is no custom role {name}")
    return {"role": Role.of(name, own[name])}


async def save_principal(info: Info, input: SavePrincipalInput) -> dict[str, Any]:
    """Groups, owners and disabling affect all namespaces, so they need MANAGE on every namespace. Members get the roles
    of a group, so nobody can add somebody to a group that holds more than they do."""
    needs_somewhere(info, Permission.MANAGE)
    if not (input.groups is None and input.owner is None and input.disabled is None):
        needs_everywhere(info, Permission.MANAGE)
    holder = Holder(input.kind, check_name(input.name))
    await needs_to_see(info, holder)
    for group in input.groups or ():
        check_name(group, "groups")
    await needs_to_hold_what_groups_do(info, holder, input.groups or ())
    owner, origin = _owner(input), info.context.origin(input.reason)
    groups = None if input.groups is None else tuple(input.groups)
    maker = await owner_of_new(info, holder)
    saved = Saved(input.kind, input.name, owner, maker, groups, input.disabled)
    row = await principals.save(info.context.services.pool, saved, origin)
    return {"principal": Principal.of(row)}


def _owner(input: SavePrincipalInput) -> str | None:
    """Returns the name of the person who will own a service. Raises Refused."""
    if input.owner is None:
        return None
    holder = Holder.of(input.owner, "owner")
    if holder.kind is not PrincipalKind.PERSON or input.kind is not PrincipalKind.SERVICE:
        raise Refused.because(
            ProblemCode.VALIDATION,
            "only a person can own a service: owner must be user:NAME",
            "owner",
        )
    return holder.name


async def create_login_link(info: Info) -> dict[str, Any]:
    credential = info.context.viewer.credential
    if credential is None or credential.kind != "token":
        raise Refused.because(
            ProblemCode.INVALID_STATE,
            "creating a login link requires a token, as the command `headway token` uses",
        )
    secret, ends = await sign_ins.make_link(
        info.context.services.pool, credential.id, datetime.now(UTC)
    )
    return {"path": f"/login?token={secret}", "expires_at": ends}


def _scope(namespaces: list[str] | None) -> Scope:
    if namespaces is None:
        return Scope()
    named = [namespace_of(one, "namespaces") for one in namespaces]
    return Scope(None if "" in named else tuple(named))
