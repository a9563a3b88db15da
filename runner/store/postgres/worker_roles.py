"""PostgreSQL roles for workers only, with the privileges that workers need.

A worker role gets only the privileges in NEEDS, and none for other tables, also not for those of later migrations.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import asyncpg

from models.errors import Fault
from runner.store.postgres.connection import Connection, Executes, Pool

NEEDS: Mapping[str, str] = {
    "approvals": "SU",
    "artifact_uses": "SIU",
    "artifacts": "SIU",
    "attempts": "SIU",
    "deferred_commands": "I",
    "events": "I",
    "executions": "SU",
    "file_references": "I",
    "flows": "S",
    "kept_outputs": "SIU",
    "log_blocks": "SIU",
    "log_heads": "SIU",
    "logs": "I",
    "metrics": "SI",
    "pgqueuer": "SIUD",
    "pgqueuer_id_seq": "X",
    "pgqueuer_log": "I",
    "pgqueuer_log_id_seq": "X",
    "revisions": "S",
    "secrets": "S",
    "task_runs": "SU",
    "tortoise_migrations": "S",
    "votes": "S",
    "workers": "SIU",
}
"""The privileges of a worker, by table: S(elect), I(nsert), U(pdate), D(elete); of a sequence: X, its use.

A worker stores what its engine decides about the tasks that it runs. Only servers create executions, task runs,
approval requests and votes, and delete anything but jobs.
"""

_PRIVILEGES = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE", "X": "USAGE"}
_IS_OWNER = """
select coalesce((select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('executions')), true)
"""
_HELD = """
select c.relname as table, a.privilege_type as privilege
from pg_class c, aclexplode(c.relacl) a
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and a.grantee = $1::regrole
"""
_OF_THIS_DATABASE = """
select w.name::text, w.made_at from worker_roles w join pg_roles r on r.rolname = w.name order by w.name
"""
_ROLE = """
select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as powerful, rolcanlogin,
    rolname = current_user or exists (select from pg_auth_members m where m.member = r.oid) as member
from pg_roles r where rolname = $1
"""


class _Privilege(TypedDict):
    table: str
    privilege: str


class _Role(TypedDict):
    powerful: bool
    rolcanlogin: bool
    member: bool


@dataclass(frozen=True, slots=True)
class WorkerRole:
    name: str
    made_at: datetime


async def is_owner(database: Executes) -> bool:
    """Returns whether this session's role owns the tables; true if there are none yet, since it will create them."""
    owner: bool = await database.fetchval(_IS_OWNER)
    return owner


async def is_superuser(database: Executes) -> bool:
    found: bool = await database.fetchval(
        "select rolsuper from pg_roles where rolname = current_user"
    )
    return found


async def worker_roles(database: Executes) -> list[WorkerRole]:
    """The worker roles of this database that still exist."""
    return [WorkerRole(*row) for row in await database.fetch(_OF_THIS_DATABASE)]


async def make_worker_role(pool: Pool, name: str) -> str | None:
    """Creates the role and returns its password; an existing role keeps its own, and None is returned.

    Raises Fault when the role cannot be used for workers.
    """
    password = None
    try:
        async with pool.acquire() as connection, connection.transaction():
            found: _Role | None = await connection.fetchrow(_ROLE, name)
            if found is None:
                password = secrets.token_urlsafe(32)
                await _create(connection, name, password)
            elif found["powerful"] or found["member"]:
                raise Fault(
                    f"the role {name} may do more than a worker needs: choose another name, or revoke its "
                    "attributes and its memberships"
                )
            await connection.execute(
                "insert into worker_roles (name) values ($1) on conflict do nothing", name
            )
            await _grant(connection, name)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Fault(
            f"this role of the database may not do that ({error}): have an administrator of it run "
            f"create role {quoted(name)} login password '...', and run this again"
        ) from error
    return password


async def drop_worker_role(pool: Pool, name: str) -> None:
    """Drops the role and ends its sessions. Raises Fault when it is not a worker role of this database."""
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(
            "delete from worker_roles where name = $1 returning 1", name
        ):
            raise Fault(f"{name} is not a worker role of this database")
        if not await connection.fetchrow(_ROLE, name):
            return
        role = quoted(name)
        await connection.execute(f"drop owned by {role}")
        await connection.execute(f"drop role {role}")
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", name
        )


async def grant_worker_roles(pool: Pool) -> None:
    """Updates the privileges of every worker role of this database."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended('headway worker roles', 0))"
        )
        for role in await worker_roles(connection):
            await _grant(connection, role.name)


async def held_by(database: Executes, name: str) -> set[tuple[str, str]]:
    """Pairs of a table and a privilege that the role has."""
    rows: list[_Privilege] = await database.fetch(_HELD, quoted(name))
    return {(row["table"], row["privilege"]) for row in rows}


def needs() -> set[tuple[str, str]]:
    return {(table, _PRIVILEGES[one]) for table, given in NEEDS.items() for one in given}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _create(connection: Connection, name: str, password: str) -> None:
    role = quoted(name)
    await connection.execute(f"create role {role} login password '{password}'")
    # A server needs this to end the session of a frozen worker.
    await connection.execute(f"grant {role} to current_user")


async def _grant(connection: Connection, name: str) -> None:
    """Grants and revokes only the differences, so that it is cheap when nothing has changed."""
    role = quoted(name)
    held, wanted = await held_by(connection, name), needs()
    for table, privileges in _by_table(held - wanted):
        await connection.execute(f"revoke {privileges} on {table} from {role}")
    for table, privileges in _by_table(wanted - held):
        await connection.execute(f"grant {privileges} on {table} to {role}")
    database = quoted(await connection.fetchval("select current_database()"))
    if not await connection.fetchval(
        "select has_database_privilege($1, current_database(), 'connect')", name
    ):
        await connection.execute(f"grant connect on database {database} to {role}")
    if not await connection.fetchval("select has_schema_privilege($1, 'public', 'usage')", name):
        await connection.execute(f"grant usage on schema public to {role}")


def _by_table(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The privileges of each table, joined for one statement; USAGE is only for sequences."""
    found: dict[str, list[str]] = {}
    for table, privilege in sorted(pairs):
        of = f"sequence {quoted(table)}" if privilege == "USAGE" else quoted(table)
        found.setdefault(of, []).append(privilege)
    return [(table, ", ".join(privileges)) for table, privileges in found.items()]
