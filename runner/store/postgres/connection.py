"""Types of connections and pools, as the functions of the store take them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[Any]
    Connection: TypeAlias = asyncpg.Connection[Any] | PoolConnectionProxy[Any]
else:  # generic in the stubs alone
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection | PoolConnectionProxy
Executes: TypeAlias = Pool | Connection


async def database_now(connection: Connection) -> datetime:
    """The time by the database's clock."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now
