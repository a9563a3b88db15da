"""The types of a connection as the store takes it."""

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
