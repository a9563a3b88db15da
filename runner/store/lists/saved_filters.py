"""Saved filters of people: private ones, and those shared with everybody.

Changes of shared filters are recorded in the audit log, because they concern everybody.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from uuid import UUID

import asyncpg

from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import typed
from runner.store import audit
from runner.store.postgres.connection import Pool
from runner.store.rows import SavedFilterRow

MOST_OF_ONE = 200

_SAVE = """
insert into saved_filters (id, name, owner, shared, search, order_by, order_by_value)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (id) do update set name = excluded.name, shared = excluded.shared, search = excluded.search,
  order_by = excluded.order_by, order_by_value = excluded.order_by_value, updated_at = now()
returning *, shared or coalesce((select shared from saved_filters where id = $1), false) as concerns_all
"""


class _ChangedRow(SavedFilterRow):
    concerns_all: bool


@dataclass(frozen=True, slots=True)
class Filter:
    id: UUID
    name: str
    owner: str
    shared: bool
    search: str
    order_by: str | None
    order_by_value: str | None
    """JSON."""


async def save(pool: Pool, given: Filter, origin: CommandOrigin) -> SavedFilterRow:
    """Raises Refused when the owner has another of this name."""
    try:
        row = await audit.change(pool, origin, _saved, _SAVE, *astuple(given))
    except asyncpg.UniqueViolationError as error:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"you have a filter {given.name!r} already; give its id to change it, or choose another name",
            "name",
        ) from error
    assert row
    return row


async def delete(pool: Pool, id: UUID, origin: CommandOrigin) -> None:
    statement = "delete from saved_filters where id = $1 returning *, shared as concerns_all"
    await audit.change(pool, origin, _deleted, statement, id)


def _saved(row: _ChangedRow) -> audit.Entry | None:
    return _entry("SAVE_FILTER", row)


def _deleted(row: _ChangedRow) -> audit.Entry | None:
    return _entry("DELETE_FILTER", row)


def _entry(action: str, row: _ChangedRow) -> audit.Entry | None:
    if not row["concerns_all"]:
        return None
    target = audit.Target(typed("filt", row["id"]), row["name"])
    about = {"owner": row["owner"], "shared": row["shared"], "search": row["search"]}
    return audit.Entry(action, target, about)


async def find(pool: Pool, actor: str, id: UUID) -> SavedFilterRow | None:
    """Finds a filter that the actor owns, or a shared one."""
    return await pool.fetchrow(
        "select * from saved_filters where id = $2 and (owner = $1 or shared)", actor, id
    )


async def seen_by(pool: Pool, actor: str) -> Sequence[SavedFilterRow]:
    """The actor's own filters, then those that others share, by name."""
    return await pool.fetch(
        """select * from saved_filters where owner = $1 or shared
           order by owner <> $1, name, id limit 1000""",
        actor,
    )


async def count_of(pool: Pool, owner: str) -> int:
    found: int = await pool.fetchval("select count(*) from saved_filters where owner = $1", owner)
    return found
