"""People and services, and the groups that they are members of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict
from uuid import UUID

from models.access.viewer import PrincipalKind, Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from runner.service.outage import reaching
from runner.store import audit
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import PrincipalRow
from runner.store.where import Arguments, compile_scope

_ENSURE: Final = """
insert into principals (id, kind, name, owner_id, created_by) values ($1, $2, $3, $4, $5)
on conflict (name) do nothing returning *
"""
ADMINISTERED: Final = """
exists (select from role_grants r left join principals p on p.id = r.principal_id
  where r.role = 'admin' and r.namespace = '' and p.disabled_at is null)
"""
"""SQL for whether an administrator of everything is left: a principal that is not disabled, or any group."""
_HOLDS: Final = """
exists (select from role_grants r where {visible} and (r.principal_id = principals.id
  or r.group_name in (select group_name from group_members m where m.principal_id = principals.id)))
"""
_HAS_ADMIN: Final = f"select {ADMINISTERED}"
_MEMBERSHIPS: Final = """
select principal_id, group_name from group_members where principal_id = any($1::uuid[]) order by group_name
"""


class _IdRow(TypedDict):
    id: UUID


class _NamedRow(TypedDict):
    name: str


class _MembershipRow(TypedDict):
    principal_id: UUID
    group_name: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The values to save for a principal; None keeps the current value. `owner` is the name of a person, who is created
    if missing; without it a new service is owned by `maker_id`."""

    kind: PrincipalKind
    name: str
    owner: str | None = None
    maker_id: UUID | None = None
    groups: tuple[str, ...] | None = None
    disabled: bool | None = None


async def find(pool: Pool | Connection, kind: PrincipalKind, name: str) -> PrincipalRow | None:
    with reaching():
        return await pool.fetchrow(
            "select * from principals where kind = $1 and name = $2", kind.value, name
        )


async def by_id(pool: Pool, ids: Sequence[UUID]) -> Mapping[UUID, PrincipalRow]:
    with reaching():
        rows: list[PrincipalRow] = await pool.fetch(
            "select * from principals where id = any($1::uuid[])", list(ids)
        )
    return {row["id"]: row for row in rows}


async def ensure(
    connection: Connection,
    kind: PrincipalKind,
    name: str,
    created_by: str,
    owner_id: UUID | None = None,
) -> PrincipalRow:
    """Finds or creates the principal of that name. Raises Refused when the name belongs to another kind."""
    made: PrincipalRow | None = await connection.fetchrow(
        _ENSURE, new_id(), kind.value, name, owner_id, created_by
    )
    found = made or await find(connection, kind, name)
    if found is None:
        other = "service" if kind is PrincipalKind.PERSON else "person"
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{name} is the name of a {other}; people and services cannot share a name: choose another",
            "name",
        )
    return found


async def save(pool: Pool, saved: Saved, origin: CommandOrigin) -> PrincipalRow:
    """Creates a person or service, or changes the one of that name. Raises Refused for disabling the last administrator
    of everything."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            if saved.disabled:
                # Serializes two administrators who disable each other: the second one must see the first change.
                await connection.execute("lock table role_grants in share row exclusive mode")
            had_admin = await connection.fetchval(_HAS_ADMIN)
            owner = owner_id = None
            if saved.owner is not None:
                owner = await ensure(connection, PrincipalKind.PERSON, saved.owner, origin.actor)
                owner_id = owner["id"]
            found = await ensure(
                connection, saved.kind, saved.name, origin.actor, owner_id or saved.maker_id
            )
            row: PrincipalRow | None = await connection.fetchrow(
                """update principals set owner_id = coalesce($2, owner_id),
                     disabled_at = case when $3 then coalesce(disabled_at, now()) when $3 is null then disabled_at end
                   where id = $1 returning *""",
                found["id"],
                owner_id,
                saved.disabled,
            )
            assert row
            if had_admin and not await connection.fetchval(_HAS_ADMIN):
                raise Refused.because(
                    ProblemCode.CONFLICT,
                    f"{saved.name} is the last principal with the role admin on every namespace; grant it to "
                    "somebody else first",
                    "disabled",
                )
            if saved.disabled:
                # After being enabled again, the person must sign in again.
                await connection.execute(
                    "update sign_ins set ended_at = now() where principal_id = $1 and ended_at is null",
                    row["id"],
                )
            if saved.groups is not None:
                await set_groups(connection, row["id"], saved.groups)
            await audit.record(
                connection,
                origin,
                "SAVE_PRINCIPAL",
                target_of(row),
                {
                    "groups": None if saved.groups is None else list(saved.groups),
                    "owner": owner and target_of(owner).name,
                    "disabled": saved.disabled,
                },
            )
            return row


async def set_groups(connection: Connection, id: UUID, groups: Iterable[str]) -> None:
    """Sets the groups of a principal. Writes only differences, because a write would disconnect its clients."""
    wanted = sorted(set(groups))
    await connection.execute(
        "delete from group_members where principal_id = $1 and group_name <> all($2::text[])",
        id,
        wanted,
    )
    missing: list[_NamedRow] = await connection.fetch(
        """select name from unnest($2::text[]) n (name)
           where not exists (select from group_members m where m.principal_id = $1 and m.group_name = n.name)""",
        id,
        wanted,
    )
    for row in missing:
        await connection.execute(
            """insert into group_members (id, principal_id, group_name) values ($1, $2, $3)
               on conflict do nothing""",
            new_id(),
            id,
            row["name"],
        )


async def groups_of(pool: Pool, ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = {id: [] for id in ids}
    with reaching():
        rows: list[_MembershipRow] = await pool.fetch(_MEMBERSHIPS, list(ids))
    for row in rows:
        found[row["principal_id"]].append(row["group_name"])
    return found


async def page(pool: Pool, managed: Scope, window: Window) -> Page[PrincipalRow]:
    """Oldest first: principals that have a role in the scope `managed`."""
    arguments = Arguments()
    where = _condition(managed, arguments)
    with reaching():
        return await keyset_page(pool, "principals", where, arguments, window, newest_first=False)


async def count_of(pool: Pool, managed: Scope) -> tuple[int, bool]:
    arguments = Arguments()
    with reaching():
        return await count(pool, "principals", _condition(managed, arguments), arguments)


async def visible(pool: Pool, managed: Scope, ids: Sequence[UUID]) -> Mapping[UUID, PrincipalRow]:
    """Returns those of the principals that have a role in the scope `managed`."""
    arguments = Arguments(list(ids))
    where = _condition(managed, arguments)
    with reaching():
        rows: list[PrincipalRow] = await pool.fetch(
            f"select * from principals where id = any($1::uuid[]) and {where}", *arguments.values
        )
    return {row["id"]: row for row in rows}


async def owned_by(pool: Pool, id: UUID) -> list[UUID]:
    """The services that a person owns."""
    with reaching():
        rows: list[_IdRow] = await pool.fetch("select id from principals where owner_id = $1", id)
    return [row["id"] for row in rows]


def target_of(row: PrincipalRow) -> audit.Target:
    return audit.Target(typed("prin", row["id"]), PrincipalKind(row["kind"]).actor(row["name"]))


def _condition(managed: Scope, arguments: Arguments) -> str:
    if managed.namespaces is None:
        return "true"
    return _HOLDS.format(visible=compile_scope(managed, arguments, "r.namespace"))
