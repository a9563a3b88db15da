"""Reads the holder of a credential and its current permissions: one statement for each credential."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from models.access.viewer import ROLES, Credential, Grant, Permission, PrincipalKind, Scope, Viewer
from runner.service.outage import reaching
from runner.store.json import dump, load
from runner.store.postgres.connection import Pool

_ACTOR: Final = "case m.kind when 'PERSON' then 'user:' else 'service:' end || m.name"
# `near` are principals of the same person: the credential's principal, their services, and the creator of this token
# of a service. `persona` also has the services for which one of them created a token, since the creator may hold it.
_HOLDER: Final = f"""
with c as ({{credential}}), p as (select principals.* from principals join c on c.principal_id = principals.id),
near as (
  select s.id from principals s, p, c where coalesce(s.owner_id, s.id) = coalesce(p.owner_id, p.id)
    or p.kind = 'SERVICE' and coalesce(s.owner_id, s.id) in
      (select coalesce(m.owner_id, m.id) from principals m where {_ACTOR} = c.maker)
), persona as (
  select s.id, s.kind, s.name from principals s where s.id in (select id from near) or s.kind = 'SERVICE' and exists (
    select from tokens t join principals m on {_ACTOR} = t.created_by
    where t.principal_id = s.id and m.id in (select id from near))
)
select c.*, p.kind, p.name, c.ended or p.disabled_at is not null as over, g.names as all_groups,
  (select coalesce(
     jsonb_agg(jsonb_build_array(r.role, r.namespace, own.permissions) order by r.role, r.namespace), '[]')
   from role_grants r left join roles own on own.name = r.role
   where r.principal_id = p.id or r.group_name = any(g.names)) as grants,
  (select coalesce(jsonb_agg(jsonb_build_array(s.kind, s.name)), '[]') from persona s) as persona,
  (select coalesce(jsonb_agg(t.name), '[]') from tokens t where t.principal_id in (select id from near)) as token_names
from c cross join p cross join lateral (
  select array(select group_name from group_members m where m.principal_id = p.id
               union select jsonb_array_elements_text(c.groups) order by 1) as names
) g
"""
_TOKEN: Final = """
select id, principal_id, permissions, namespaces, expires_at, revoked_at is not null as ended, '[]'::jsonb as groups,
  created_by as maker
from tokens where {condition}
"""
_BY_DIGEST: Final = _HOLDER.format(credential=_TOKEN.format(condition="digest = $1"))
_BY_TOKEN: Final = _HOLDER.format(credential=_TOKEN.format(condition="id = $1"))
_BY_SIGN_IN: Final = _HOLDER.format(
    credential="""
    select s.id, s.principal_id, t.permissions, t.namespaces, least(s.expires_at, t.expires_at) as expires_at,
      s.ended_at is not null or t.revoked_at is not null as ended, s.groups, t.created_by as maker
    from sign_ins s left join tokens t on t.id = s.token_id where s.id = $1"""
)
_OF_PRINCIPAL: Final = """
select id, id as principal_id, null::jsonb as permissions, null::jsonb as namespaces, null::timestamptz as expires_at,
  {ended} as ended, {groups} as groups, null as maker from principals where {condition}
"""
# A bulk action that was started in a session runs with the session's groups, as long as the session lasts.
_OF_SESSIONS: Final = """
(select coalesce(jsonb_agg(distinct one.name), '[]') from sign_ins s
 cross join lateral jsonb_array_elements_text(s.groups) one (name)
 where s.principal_id = principals.id and s.ended_at is null and s.expires_at > now())
"""
_BY_ACTOR: Final = _HOLDER.format(
    credential=_OF_PRINCIPAL.format(
        groups=_OF_SESSIONS,
        condition="kind = $1 and name = $2",
        ended="exists (select from tokens where id = $3 and revoked_at is not null)",
    )
)
_BY_PRINCIPAL: Final = _HOLDER.format(
    credential=_OF_PRINCIPAL.format(groups="$2::jsonb", condition="id = $1", ended="false")
)


class _HolderRow(TypedDict):
    id: UUID
    principal_id: UUID
    permissions: str | None
    namespaces: str | None
    expires_at: datetime | None
    ended: bool
    groups: str
    maker: str | None
    kind: str
    name: str
    over: bool
    all_groups: list[str]
    grants: str
    persona: str
    token_names: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a credential; `over` if it is revoked, or its principal disabled. Its expiry is not checked."""

    viewer: Viewer
    over: bool

    @classmethod
    def of(cls, row: _HolderRow | None, kind: str) -> "Holder | None":
        if row is None:
            return None
        given = load(row["permissions"])
        permissions = None if given is None else frozenset(map(Permission, given))
        scope = _scope(load(row["namespaces"]))
        persona = [PrincipalKind(kind).actor(name) for kind, name in load(row["persona"])]
        viewer = Viewer(
            PrincipalKind(row["kind"]).actor(row["name"]),
            tuple(_grant(*one).limited(permissions, scope) for one in load(row["grants"])),
            row["expires_at"],
            groups=frozenset(row["all_groups"]),
            same_person=frozenset(
                (*persona, *(f"token:{name}" for name in load(row["token_names"])))
            ),
            credential=Credential(kind, row["id"], row["principal_id"], permissions, scope),
        )
        return cls(viewer, row["over"])


class Holders:
    """Finds holders. All methods raise Unavailable when the database cannot be reached."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_digest(self, digest: str) -> Holder | None:
        return await self._one("token", _BY_DIGEST, digest)

    async def by_token(self, id: UUID) -> Holder | None:
        return await self._one("token", _BY_TOKEN, id)

    async def by_credential(self, credential: Credential, groups: Collection[str]) -> Holder | None:
        """Reads a known credential again; `groups` are those that an identity provider named, for a principal."""
        if credential.kind == "principal":
            return await self.by_principal(credential.id, groups)
        statement = {"token": _BY_TOKEN, "session": _BY_SIGN_IN}[credential.kind]
        return await self._one(credential.kind, statement, credential.id)

    async def by_session(self, id: UUID) -> Holder | None:
        return await self._one("session", _BY_SIGN_IN, id)

    async def by_principal(self, id: UUID, groups: Collection[str]) -> Holder | None:
        """A person authenticated by an identity provider, with the groups that it names."""
        return await self._one("principal", _BY_PRINCIPAL, id, dump(sorted(groups)))

    async def by_actor(self, actor: str, token_id: UUID | None = None) -> Holder | None:
        """A principal without a credential, for a bulk action that runs later; `over` once the token with which it was
        started is revoked."""
        kind, _, name = actor.partition(":")
        # In earlier releases services acted under the names of their tokens.
        known = f"{'service' if kind == 'token' else kind}:{name}"
        found = next((one for one in PrincipalKind if one.actor(name) == known), None)
        if found is None:
            return None
        return await self._one("principal", _BY_ACTOR, found.value, name, token_id)

    async def version(self) -> int:
        """A number that grows with every change of the permissions of an existing credential."""
        with reaching():
            found: int = await self._pool.fetchval("select version from access_version")
        return found

    async def _one(self, kind: str, statement: str, *values: Any) -> Holder | None:
        with reaching():
            row: _HolderRow | None = await self._pool.fetchrow(statement, *values)
        return Holder.of(row, kind)


def still_held(viewer: Viewer, holder: Holder | None) -> Viewer:
    """The viewer with its grants limited to those that the holder still has."""
    now = () if holder is None or holder.over else holder.viewer.grants
    left = (
        replace(one, role=one.role if one.role == other.role else "").limited(
            other.permissions, other.scope
        )
        for one in viewer.grants
        for other in now
    )
    same_person = frozenset() if holder is None else holder.viewer.same_person
    return replace(viewer, grants=tuple(left), same_person=same_person)


def _grant(role: str, namespace: str, permissions: list[str] | None) -> Grant:
    own = frozenset(map(Permission, permissions or ()))
    return Grant(role, ROLES.get(role, own), Scope((namespace,) if namespace else None))


def _scope(namespaces: list[str] | None) -> Scope:
    return Scope(None if namespaces is None else tuple(namespaces))
