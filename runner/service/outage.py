"""Errors that mean that the database cannot serve now, and the problem that each is to a caller."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import asyncpg

from models.errors import Unavailable

ROLLED_BACK = (
    asyncpg.TransactionRollbackError,  # a deadlock, a serialization failure
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
"""Errors after which the transaction has changed nothing, and the same one may succeed at once."""
UNREACHABLE = (
    *ROLLED_BACK,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a pooled connection that was ended a moment ago
    asyncpg.OperatorInterventionError,  # shut down, starting up, this session ended
    asyncpg.InsufficientResourcesError,  # disk, memory, connections
    asyncpg.PostgresSystemError,  # its disk cannot be read or written
    ConnectionError,
    TimeoutError,
    OSError,
)
"""Errors that asyncpg raises when the database cannot serve now, though the request may be good."""


class NoRoom(ConnectionError):
    """The database of this machine is down, and the disk that it is on is full."""


class Busy(TimeoutError):
    """No connection of a share of this process became free in time."""


def unavailable(error: BaseException) -> Unavailable:
    """The problem that an error of UNREACHABLE is to whoever asked, and how to mend it; the error is its cause."""
    problem = Unavailable(_sentence(error))
    problem.__cause__ = error
    return problem


def _sentence(error: BaseException) -> str:
    for kinds, sentence in _SENTENCES:
        if isinstance(error, kinds):
            return sentence.format(error=error)
    # An error of the operating system names files of this machine; why it came is enough.
    why = error.strerror if isinstance(error, OSError) and error.filename else error
    cause = str(why) or type(error).__name__
    return f"the database cannot be reached now ({cause}); try again"


_Kinds: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
_SENTENCES: Sequence[tuple[_Kinds, str]] = (
    (Busy, "{error}"),
    (
        (NoRoom, asyncpg.DiskFullError),
        "the disk of the database is full: make room on it, then try again ({error}); what was "
        "stored is safe, and work goes on once there is room",
    ),
    (
        asyncpg.TooManyConnectionsError,
        "the database takes no more connections ({error}): raise its max_connections, or run fewer "
        "servers and workers on it",
    ),
    (
        asyncpg.ReadOnlySQLTransactionError,
        "the database is read-only now ({error}): nothing can be changed until it is writable again, "
        "then try again",
    ),
    (
        asyncpg.LockNotAvailableError,
        "another session of the database holds what this request needs ({error}); try again",
    ),
    (asyncpg.QueryCanceledError, "the database ended this query ({error}); try again"),
)


@contextmanager
def reaching() -> Iterator[None]:
    """Turns a database that cannot serve now into Unavailable."""
    try:
        yield
    except UNREACHABLE as error:
        raise unavailable(error) from error
