"""Rules of granting: nobody can grant more than they hold, and nobody can act as another person."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.access.credentials import check_name
from models.access.viewer import ROLES, Grant, Permission, PrincipalKind, Scope, Viewer
from models.errors import ProblemCode, Refused
from runner.store.access import grants, principals
from runner.store.rows import PrincipalRow
from schema.access_checks import forbidden, needs, needs_everywhere
from schema.context import Info

GROUP = "group"


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a role: a person, a service, or, without `kind`, a group."""

    kind: PrincipalKind | None
    name: str

    @property
    def text(self) -> str:
        return self.kind.actor(self.name) if self.kind else f"{GROUP}:{self.name}"

    @classmethod
    def of(cls, text: str, path: str) -> "Holder":
        """Raises Refused."""
        prefix, _, name = text.partition(":")
        kinds = {one.actor("").removesuffix(":"): one for one in PrincipalKind}
        if not name or prefix not in (*kinds, GROUP):
            raise Refused.because(
                ProblemCode.VALIDATION,
                f"{text[:100]!r} is not a holder; write user:NAME, service:NAME or group:NAME",
                path,
            )
        return cls(kinds.get(prefix), check_name(name, path))


def needs_managing(info: Info, namespace: str, path: str = "namespace") -> None:
    """Raises Refused FORBIDDEN without MANAGE on the namespace; an empty one means every namespace."""
    if namespace:
        needs(info, Permission.MANAGE, namespace, path)
    else:
        needs_everywhere(info, Permission.MANAGE)


def needs_to_hold(
    info: Info, permissions: frozenset[Permission], namespace: str, path: str = "role"
) -> None:
    """Raises Refused FORBIDDEN unless the viewer holds all of the permissions in the namespace."""
    scope = Scope((namespace,) if namespace else None)
    for permission in sorted(permissions):
        if not info.context.viewer.scope_of(permission).includes(scope):
            raise forbidden(info, permission, namespace or None, path)


def covers(viewer: Viewer, held: Sequence[Grant]) -> bool:
    """Whether the viewer holds all permissions of these grants."""
    return all(
        viewer.scope_of(permission).includes(grant.scope)
        for grant in held
        for permission in grant.permissions
    )


async def role_named(info: Info, name: str) -> frozenset[Permission]:
    """Returns the permissions of a built-in or custom role. Raises Refused."""
    own = await grants.own_roles(info.context.services.pool)
    known = {**own, **ROLES}
    if name not in known:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"there is no role {name[:100]!r}; available roles: {', '.join(known)}",
            "role",
        )
    return known[name]


async def may_revoke_tokens_of(info: Info, principal: PrincipalRow) -> bool:
    """Whether the viewer may revoke tokens of a principal: if they may create such tokens, or have MANAGE on every
    namespace."""
    if info.context.viewer.may_everywhere(Permission.MANAGE):
        return True
    return await may_make_tokens_of(info, principal)


async def may_make_tokens_of(info: Info, principal: PrincipalRow) -> bool:
    """Whether the viewer may create tokens of a principal: their own always; those of a service that they own or
    manage, and with MANAGE on every namespace those of anybody, if they hold all permissions of the principal."""
    viewer, credential = info.context.viewer, info.context.viewer.credential
    me = credential.principal_id if credential else None
    if principal["id"] == me:
        return True
    if not viewer.may_everywhere(Permission.MANAGE):
        if principal["kind"] != PrincipalKind.SERVICE:
            return False
        if principal["owner_id"] != me and not viewer.may_somewhere(Permission.MANAGE):
            return False
    return covers(viewer, await worth_of(info, principal["id"]))


async def needs_to_hold_what_groups_do(info: Info, holder: Holder, groups: Sequence[str]) -> None:
    """Raises Refused FORBIDDEN if the holder would join a group with permissions that the viewer does not hold."""
    assert holder.kind
    pool = info.context.services.pool
    row = await principals.find(pool, holder.kind, holder.name)
    now = (await principals.groups_of(pool, [row["id"]]))[row["id"]] if row else ()
    joined = sorted(set(groups) - set(now))
    for grant in await grants.with_permissions(pool, await grants.of_groups(pool, joined)):
        for namespace in grant.scope.namespaces or ("",):
            needs_to_hold(info, grant.permissions, namespace, "groups")


async def needs_to_see(info: Info, holder: Holder) -> None:
    """Raises Refused FORBIDDEN if the holder exists and has no role in the namespaces that the viewer manages."""
    assert holder.kind
    pool, managed = info.context.services.pool, info.context.viewer.scope_of(Permission.MANAGE)
    row = await principals.find(pool, holder.kind, holder.name)
    if row is not None and not await principals.visible(pool, managed, [row["id"]]):
        raise forbidden(info, Permission.MANAGE, None, "name")


async def worth_of(info: Info, principal_id: UUID) -> list[Grant]:
    pool = info.context.services.pool
    rows = (await grants.of_principals(pool, [principal_id], Scope()))[principal_id]
    return await grants.with_permissions(pool, rows)


async def owner_of_new(info: Info, holder: Holder) -> UUID | None:
    """Returns the person who will own a new service: the person behind the viewer."""
    credential = info.context.viewer.credential
    if holder.kind is not PrincipalKind.SERVICE or credential is None:
        return None
    return await _person_of(info, credential.principal_id)


async def _person_of(info: Info, principal_id: UUID) -> UUID | None:
    """Returns the person behind a principal: itself, or the owner of a service."""
    row = (await principals.by_id(info.context.services.pool, [principal_id])).get(principal_id)
    if row is None:
        return None
    return row["id"] if row["kind"] == PrincipalKind.PERSON else row["owner_id"]
