"""Servers that run on this database, and the session key of each, by an id that does not reveal the key."""

from typing import Final, TypedDict
from uuid import UUID

from runner.service.outage import reaching
from runner.store.postgres.connection import Executes, Pool

_LIVE: Final = "heartbeat_at > clock_timestamp() - interval '30 seconds'"
_REGISTER: Final = """
insert into servers (id, name, session_key) values ($1, $2, $3)
on conflict (id) do update set session_key = excluded.session_key, heartbeat_at = clock_timestamp()
"""
_WITH_OTHER_KEYS: Final = (
    f"select name from servers where {_LIVE} and session_key <> $1 order by name"
)
_BY_KEY: Final = f"""
select array_agg(name order by name) as names from servers where {_LIVE} group by session_key order by 1
"""
_FORGET: Final = f"delete from servers where id = $1 or not {_LIVE}"


class _Name(TypedDict):
    name: str


class _Names(TypedDict):
    names: list[str]


async def register(pool: Pool, id: UUID, name: str, session_key: str) -> None:
    """Stores the server and renews its heartbeat."""
    with reaching():
        await pool.execute(_REGISTER, id, name, session_key)


async def with_other_keys(pool: Pool, session_key: str) -> list[str]:
    """The names of running servers that sign with another key."""
    with reaching():
        rows: list[_Name] = await pool.fetch(_WITH_OTHER_KEYS, session_key)
    return [row["name"] for row in rows]


async def by_key(database: Executes) -> list[list[str]]:
    """The names of all running servers, grouped by their key."""
    rows: list[_Names] = await database.fetch(_BY_KEY)
    return [row["names"] for row in rows]


async def forget(pool: Pool, id: UUID) -> None:
    """Deletes a server that stops, and all that have no recent heartbeat."""
    with reaching():
        await pool.execute(_FORGET, id)
