"""Tokens of people and services. Only their digests are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from models.access.viewer import Credential, Permission
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import typed
from runner.service.outage import reaching
from runner.store import audit
from runner.store.access import principals
from runner.store.json import dump
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import PrincipalRow, TokenRow
from runner.store.where import Arguments

_INSERT: Final = """
insert into tokens (id, principal_id, name, digest, permissions, namespaces, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning *
"""


@dataclass(frozen=True, slots=True)
class NewToken:
    """`permissions` and `namespaces` limit the token; None means all that its principal has."""

    id: UUID
    principal_id: UUID
    name: str
    digest: str
    permissions: frozenset[Permission] | None = None
    namespaces: tuple[str, ...] | None = None
    expires_at: datetime | None = None


async def create(
    pool: Pool, new: NewToken, origin: CommandOrigin, replace: bool = False
) -> TokenRow:
    """Creates a token. `replace` revokes the valid token of that name; without it, Refused is raised if there is
    one."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            return await insert(connection, new, origin, replace)


async def insert(
    connection: Connection, new: NewToken, origin: CommandOrigin, replace: bool = False
) -> TokenRow:
    """As `create`, in the caller's transaction, which a refusal aborts."""
    if replace:
        await _end(connection, "name = $1", new.name, origin)
    try:
        row: TokenRow | None = await connection.fetchrow(
            _INSERT,
            new.id,
            new.principal_id,
            new.name,
            new.digest,
            None if new.permissions is None else dump(sorted(new.permissions)),
            None if new.namespaces is None else dump(list(new.namespaces)),
            origin.actor,
            new.expires_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise name_taken(new.name) from error
    assert row
    about = {**await _holder(connection, row), **_limits(new)}
    await audit.record(connection, origin, "CREATE_TOKEN", _target(row), about)
    return row


def name_taken(name: str) -> Refused:
    return Refused.because(
        ProblemCode.VALIDATION,
        f"there is a valid token {name} already: choose another name, or replace it",
        "name",
    )


async def revoke(pool: Pool, id: UUID, origin: CommandOrigin) -> TokenRow | None:
    """Revokes a valid token, which ends its sessions; returns it, or None if there is none."""
    with reaching():
        async with pool.acquire() as connection, connection.transaction():
            return await _end(connection, "id = $1", id, origin)


async def _end(
    connection: Connection, condition: str, value: object, origin: CommandOrigin
) -> TokenRow | None:
    row: TokenRow | None = await connection.fetchrow(
        f"update tokens set revoked_at = now() where {condition} and revoked_at is null returning *",
        value,
    )
    if row is not None:
        about = await _holder(connection, row)
        await audit.record(connection, origin, "REVOKE_TOKEN", _target(row), about)
    return row


async def find(pool: Pool, digest: str) -> TokenRow | None:
    """Finds a token, also a revoked one."""
    with reaching():
        return await pool.fetchrow("select * from tokens where digest = $1", digest)


async def of_credential(pool: Pool, credential: Credential) -> TokenRow | None:
    """The token of a credential: itself, or the one with which its session was started."""
    with reaching():
        return await pool.fetchrow(
            "select * from tokens where id = $1 or id = (select token_id from sign_ins where id = $1)",
            credential.id,
        )


async def by_name(pool: Pool, name: str) -> TokenRow | None:
    """Finds the valid token of this name."""
    with reaching():
        return await pool.fetchrow(
            "select * from tokens where name = $1 and revoked_at is null", name
        )


async def by_id(pool: Pool, id: UUID) -> TokenRow | None:
    with reaching():
        return await pool.fetchrow("select * from tokens where id = $1", id)


async def by_ids(pool: Pool, ids: Sequence[UUID]) -> Mapping[UUID, TokenRow]:
    with reaching():
        rows: list[TokenRow] = await pool.fetch(
            "select * from tokens where id = any($1::uuid[])", list(ids)
        )
    return {row["id"]: row for row in rows}


async def any_exist(pool: Pool) -> bool:
    """Returns whether any token was ever created."""
    with reaching():
        return bool(await pool.fetchval("select exists (select from tokens)"))


async def page(pool: Pool, holders: Sequence[UUID] | None, window: Window) -> Page[TokenRow]:
    """Oldest first; None selects the tokens of everybody."""
    arguments = Arguments()
    where = _condition(holders, arguments)
    return await keyset_page(pool, "tokens", where, arguments, window, newest_first=False)


async def count_of(pool: Pool, holders: Sequence[UUID] | None) -> tuple[int, bool]:
    arguments = Arguments()
    return await count(pool, "tokens", _condition(holders, arguments), arguments)


def _condition(holders: Sequence[UUID] | None, arguments: Arguments) -> str:
    if holders is None:
        return "true"
    return f"principal_id = any({arguments.add(list(holders))}::uuid[])"


def _target(row: TokenRow) -> audit.Target:
    return audit.Target(typed("tok", row["id"]), row["name"])


async def _holder(connection: Connection, row: TokenRow) -> dict[str, Any]:
    statement = "select * from principals where id = $1"
    holder: PrincipalRow | None = await connection.fetchrow(statement, row["principal_id"])
    assert holder
    return {"holder": principals.target_of(holder).name}


def _limits(new: NewToken) -> dict[str, Any]:
    return {
        "principal": typed("prin", new.principal_id),
        "permissions": None if new.permissions is None else sorted(new.permissions),
        "namespaces": None if new.namespaces is None else list(new.namespaces),
        "expiresAt": new.expires_at.isoformat() if new.expires_at else None,
    }
