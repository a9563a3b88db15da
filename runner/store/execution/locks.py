"""Locks the rows of executions for a transaction of the engine."""

from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from runner.store.postgres.connection import Connection

_LOCK_ALL = "select id, seq from executions where id = any($1::uuid[]) order by id for update"
_LOCK_FREE = f"{_LOCK_ALL} skip locked"


class _LockedRow(TypedDict):
    id: UUID
    seq: int


async def lock_rows(connection: Connection, ids: Collection[UUID], wait: bool) -> dict[UUID, int]:
    """Locks the rows and returns the seq of each. Without `wait`, rows locked by another transaction are left out."""
    rows: list[_LockedRow] = await connection.fetch(_LOCK_ALL if wait else _LOCK_FREE, sorted(ids))
    return {row["id"]: row["seq"] for row in rows}
