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
"""Errors that asyncpg raises when the database cannot serve now, though the request may be good."""


class NoRoom(ConnectionError):
    """The database of this machine is down, and the disk that it is on is full."""


def unavailable(error: BaseException) -> Unavailable:
    """The problem that an error of UNREACHABLE is to whoever asked, and how to mend it."""
    if isinstance(error, NoRoom | asyncpg.DiskFullError):
        return Unavailable(
            "the disk of the database is full: make room on it, then try again "
            f"({error}); what was stored is safe, and work goes on once there is room"
        )
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return Unavailable(
            f"the database takes no more connections ({error}): raise its max_connections, or "
            "run fewer servers and workers on it"
        )
    # An error of the operating system names files of this machine; why it came is enough.
    why = error.strerror if isinstance(error, OSError) and error.filename else error
    told = f"{type(error).__name__}: {why}".removesuffix(": ")
    return Unavailable(f"the database cannot be reached now ({told}); try again")


@contextmanager
def reaching() -> Iterator[None]:
    """Turns a database that cannot serve now into Unavailable."""
    try:
        yield
    except UNREACHABLE as error:
        raise unavailable(error) from error
