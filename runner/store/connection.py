"""A connection as the store takes it, and what it means that there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from models.errors import Unavailable

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[Any]
    Connection: TypeAlias = asyncpg.Connection[Any] | PoolConnectionProxy[Any]
else:  # generic in the stubs alone
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection | PoolConnectionProxy
Executes: TypeAlias = Pool | Connection

UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a pooled connection that was ended a moment ago
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What asyncpg raises when the database cannot serve now, though the request may be good."""


@contextmanager
def reaching() -> Iterator[None]:
    """Turns a database that cannot serve now into Unavailable."""
    try:
        yield
    except UNREACHABLE as error:
        raise Unavailable(
            f"the database cannot be reached now ({type(error).__name__}: {error}); try again"
        ) from error
