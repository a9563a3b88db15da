"""Roles, and their grants to principals and groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict
from uuid import UUID

from models.access.viewer import ROLES, Grant, Permission, Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from runner.service.outage import reaching
from runner.store import audit
from runner.store.access.principals import ADMINISTERED
from runner.store.json import dump, load
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import GrantRow
from runner.store.where import Arguments, compile_scope

_GRANT: Final = """
insert into role_grants (id, principal_id, group_name, role, namespace, created_by) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning *
"""
_SAME: Final = """
principal_id is not distinct from $1 and group_name is not distinct from $2 and role = $3 and namespace = $4
"""
_OF: Final = """
select p.id as holder, r.* from unnest($1::uuid[]) p (id) join role_grants r on r.principal_id = p.id
  or r.group_name in (select group_name from group_members m where m.principal_id = p.id)
where {visible} order by p.id, r.role, r.namespace, r.id
"""


class _HeldRow(GrantRow):
    holder: UUID


class _RoleRow(TypedDict):
    name: str
    permissions: str


class _NamedRow(TypedDict):
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A role of a principal or group, on a namespace and all below it; an empty namespace means all."""

    principal_id: UUID | None
    group: str | None
    role: str
    namespace: str
    holder: str
    """The holder as the audit log names it: `user:maria`, `service:ci`, `group:ops`."""

    @property
    def _values(self) -> tuple[object, ...]:
        return self.principal_id, self.group, self.role, self.namespace


async def grant(connection: Connection, holding: Holding, origin: CommandOrigin) -> GrantRow:
    """Grants the role; returns the new or existing grant."""
    row: GrantRow | None = await connection.fetchrow(
        _GRANT, new_id(), *holding._values, origin.actor
    )
    if row is None:
        standing: GrantRow | None = await connection.fetchrow(
            f"select * from role_grants where {_SAME}", *holding._values
        )
        assert standing
        return standing
    await audit.record(connection, origin, "GRANT_ROLE", _target(row, holding), _data(holding))
    return row


async def has_admin(connection: Connection) -> bool:
    """Returns whether there is an administrator of everything. Locks the grants until this transaction ends."""
    await connection.execute("lock table role_grants in share row exclusive mode")
    found: bool = await connection.fetchval(
        "select exists (select from role_grants where role = 'admin' and namespace = '')"
    )
    return found


async def revoke(pool: Pool, holding: Holding, origin: CommandOrigin) -> GrantRow | None:
    """Revokes and returns the grant; None if there is none. Raises Refused for the last grant of an administrator of
    everything."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            # Serializes concurrent revocations of the last two grants: the second one must see the first.
            await connection.execute("lock table role_grants in share row exclusive mode")
            row: GrantRow | None = await connection.fetchrow(
                f"delete from role_grants where {_SAME} returning *", *holding._values
            )
            if row is None:
                return None
            is_admin = row["role"] == "admin" and not row["namespace"]
            if is_admin and not await connection.fetchval(f"select {ADMINISTERED}"):
                raise Refused.because(
                    ProblemCode.CONFLICT,
                    "this is the last grant of the role admin on every namespace; grant it to somebody else first",
                )
            await audit.record(
                connection, origin, "REVOKE_ROLE", _target(row, holding), _data(holding)
            )
            return row


async def of_principals(
    pool: Pool, ids: Sequence[UUID], managed: Scope
) -> Mapping[UUID, list[GrantRow]]:
    """Returns, by principal, its own grants and those of its groups, in the scope `managed`."""
    arguments = Arguments(list(ids))
    visible = compile_scope(managed, arguments, "r.namespace")
    found: dict[UUID, list[GrantRow]] = {id: [] for id in ids}
    with reaching():
        rows: list[_HeldRow] = await pool.fetch(_OF.format(visible=visible), *arguments.values)
    for row in rows:
        found[row["holder"]].append(row)
    return found


async def of_groups(pool: Pool, groups: Sequence[str]) -> list[GrantRow]:
    with reaching():
        return list(
            await pool.fetch(
                "select * from role_grants where group_name = any($1::text[])", list(groups)
            )
        )


async def to_groups(pool: Pool, managed: Scope) -> list[GrantRow]:
    """The grants to groups, in the scope `managed`."""
    arguments = Arguments()
    visible = compile_scope(managed, arguments)
    statement = f"""select * from role_grants where group_name is not null and {visible}
      order by group_name, role, namespace"""
    with reaching():
        return list(await pool.fetch(statement, *arguments.values))


async def with_permissions(pool: Pool, rows: Sequence[GrantRow]) -> list[Grant]:
    """These grants with the permissions of their roles, each in its namespace."""
    own = await own_roles(pool)
    return [
        Grant(
            row["role"],
            ROLES.get(row["role"], own.get(row["role"], frozenset())),
            Scope((row["namespace"],) if row["namespace"] else None),
        )
        for row in rows
    ]


async def own_roles(pool: Pool) -> Mapping[str, frozenset[Permission]]:
    """The custom roles of this installation, with their permissions."""
    with reaching():
        rows: list[_RoleRow] = await pool.fetch("select name, permissions from roles order by name")
    return {row["name"]: frozenset(map(Permission, load(row["permissions"]))) for row in rows}


async def save_role(
    pool: Pool, name: str, permissions: frozenset[Permission], origin: CommandOrigin
) -> None:
    given = sorted(permissions)

    def entry(row: _NamedRow) -> audit.Entry:
        return audit.Entry("SAVE_ROLE", audit.Target(None, row["name"]), {"permissions": given})

    await audit.change(
        pool,
        origin,
        entry,
        """insert into roles (id, name, permissions, created_by) values ($1, $2, $3, $4)
           on conflict (name) do update set permissions = excluded.permissions returning name""",
        new_id(),
        name,
        dump(given),
        origin.actor,
    )


async def delete_role(pool: Pool, name: str, origin: CommandOrigin) -> bool:
    """Returns whether the role existed. Raises Refused while it is granted to anybody."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table role_grants in share row exclusive mode")
            held = await connection.fetchval(
                "select count(*) from role_grants where role = $1", name
            )
            if held:
                raise Refused.because(
                    ProblemCode.CONFLICT,
                    f"{name} is granted {held} times; revoke those grants first",
                    "name",
                )
            row = await connection.fetchrow(
                "delete from roles where name = $1 returning name", name
            )
            if row is not None:
                await audit.record(connection, origin, "DELETE_ROLE", audit.Target(None, name))
            return row is not None


def _target(row: GrantRow, holding: Holding) -> audit.Target:
    return audit.Target(typed("grant", row["id"]), holding.holder, row["namespace"] or None)


def _data(holding: Holding) -> dict[str, Any]:
    return {"role": holding.role, "namespace": holding.namespace or "*"}
